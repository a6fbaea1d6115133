#include "engine/wire/tag.hpp"

#include <gtest/gtest.h>

namespace mpiferry::wire {
namespace {

TEST(Tag, has_the_values_of_the_blocking_script) {
  EXPECT_EQ(static_cast<int>(Tag::data), 11);
  EXPECT_EQ(static_cast<int>(Tag::status), 22);
}

}  // namespace
}  // namespace mpiferry::wire

#include "engine/base/path.hpp"

#include <gtest/gtest.h>

namespace mpiferry {
namespace {

TEST(PathIn, has_one_slash_and_no_dot_that_nobody_typed) {
  EXPECT_EQ(path_in("out", "file"), "out/file");
  EXPECT_EQ(path_in("out//", "file"), "out/file");
  EXPECT_EQ(path_in("./a/b/", "file"), "./a/b/file");
  EXPECT_EQ(path_in(".", "file"), "file");
  EXPECT_EQ(path_in("./", "file"), "file");
  EXPECT_EQ(path_in("..", "file"), "../file");
  EXPECT_EQ(path_in("/", "file"), "/file");
  EXPECT_EQ(path_in("out", ""), "out/");
  EXPECT_EQ(path_in(".", ""), "");
}

}  // namespace
}  // namespace mpiferry

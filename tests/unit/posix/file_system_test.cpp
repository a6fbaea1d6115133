#include "engine/posix/file_system.hpp"

#include <gtest/gtest.h>

#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::posix {
namespace {

TEST(FileSystem, has_a_name) {
  const disk::test::TemporaryDirectory here;
  EXPECT_NE(file_system_type(here.path()), 0U);
  EXPECT_EQ(file_system_type(here / "missing"), 0U);
  EXPECT_EQ(file_system_name(0x01021994), "tmpfs");
  EXPECT_EQ(file_system_name(0xef53), "ext4");
  EXPECT_EQ(file_system_name(0xabcdef01), "0xabcdef01");
  EXPECT_EQ(file_system_name(0), "unknown");
}

}  // namespace
}  // namespace mpiferry::posix

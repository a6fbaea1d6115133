// What a user is advised to do about what the system said.
#include "engine/disk/destination_failure.hpp"

#include <cerrno>
#include <string>

#include <gtest/gtest.h>

namespace mpiferry::disk {
namespace {

TEST(DiskHint, is_the_same_for_readers_and_writers_where_neither_is_to_blame) {
  for (const int error : {EMFILE, ENFILE, EIO, ESTALE, ENOTCONN, ENXIO, ENODEV}) {
    const std::string hint{system_hint(error)};
    EXPECT_NE(hint, "") << error;
    EXPECT_EQ(destination_hint(error), hint);
    EXPECT_EQ(stored_failure("out/chunk_1.bin", "open", error).hint, hint);
  }
}

TEST(DiskHint, names_who_can_help) {
  EXPECT_NE(system_hint(EMFILE).find("ulimit -n"), std::string_view::npos);
  EXPECT_NE(system_hint(ENFILE).find("fs.file-max"), std::string_view::npos);
  EXPECT_NE(system_hint(ENOTCONN).find("FUSE"), std::string_view::npos);
  EXPECT_EQ(system_hint(ENOENT), "");
}

}  // namespace
}  // namespace mpiferry::disk

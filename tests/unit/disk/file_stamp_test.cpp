#include "engine/disk/file_stamp.hpp"

#include <array>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <gtest/gtest.h>

#include "engine/posix/descriptor.hpp"
#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::disk {
namespace {

using test::TemporaryDirectory;

constexpr const char* kAcl = "system.posix_acl_access";

// It stands for user::rw- user:1000:rw- group::--- mask::rw- other::---, in the system's own form
// (acl(5)).
constexpr std::array<unsigned char, 44> kList = {2,    0, 0, 0,                          //
                                                 0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,  //
                                                 0x02, 0, 6, 0, 0xe8, 0x03, 0,    0,     //
                                                 0x04, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,  //
                                                 0x10, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,  //
                                                 0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};

std::string list_of(const std::string& path) {
  std::string list(256, '\0');
  const ssize_t size = ::getxattr(path.c_str(), kAcl, list.data(), list.size());
  list.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return list;
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

class FileStampOfAFile : public ::testing::Test {
 protected:
  FileStampOfAFile() {
    temporary.put("old", "x");
    temporary.put("new", "y");
  }
  int stamp() const {
    const posix::Descriptor file{::open(fresh.c_str(), O_RDWR)};
    return FileStamp::of_file(files, old)->put_on(files, file.get());
  }
  bool give_list(const std::string& path) const {
    return ::setxattr(path.c_str(), kAcl, kList.data(), kList.size(), 0) == 0;
  }
  TemporaryDirectory temporary;
  std::string old = temporary / "old";
  std::string fresh = temporary / "new";
};

TEST_F(FileStampOfAFile, has_its_permissions_without_the_rights_of_its_bytes) {
  ASSERT_EQ(::chmod(old.c_str(), 04750), 0);
  EXPECT_EQ(stamp(), 0);
  EXPECT_EQ(mode_of(fresh), 0750U);
}

// With a list the group's bits of the mode are its mask: alone they would open the file to a group.
TEST_F(FileStampOfAFile, has_its_access_control_list) {
  if (!give_list(old)) GTEST_SKIP() << "no access control lists on this file system";
  EXPECT_EQ(stamp(), 0);
  EXPECT_EQ(list_of(fresh), list_of(old));
  EXPECT_FALSE(list_of(fresh).empty());
  EXPECT_EQ(mode_of(fresh), mode_of(old));
}

TEST_F(FileStampOfAFile, takes_a_list_away_where_there_was_none) {
  if (!give_list(fresh)) GTEST_SKIP() << "no access control lists on this file system";
  ASSERT_EQ(::chmod(old.c_str(), 0640), 0);
  EXPECT_EQ(stamp(), 0);
  EXPECT_EQ(list_of(fresh), "");
  EXPECT_EQ(mode_of(fresh), 0640U);
}

TEST_F(FileStampOfAFile, is_nothing_of_what_is_no_file) {
  EXPECT_FALSE(FileStamp::of_file(files, temporary / "none"));
  EXPECT_FALSE(FileStamp::of_file(files, temporary / "."));
}

}  // namespace
}  // namespace mpiferry::disk

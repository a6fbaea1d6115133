// Which paths lead to an open file: those must never be renamed over.
#include "engine/posix/descriptor_path.hpp"

#include <fcntl.h>
#include <filesystem>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "engine/posix/descriptor.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::posix {
namespace {

namespace fs = std::filesystem;

TEST(DescriptorPath, is_found_under_all_its_names) {
  const disk::test::TemporaryDirectory temporary;
  temporary.put("file", "open");
  const Descriptor file{::open((temporary / "file").c_str(), O_RDWR | O_CLOEXEC)};
  const std::string number = std::to_string(file.get());
  fs::create_symlink("/dev/fd/" + number, temporary / "link");
  fs::create_symlink("link", temporary / "second");
  for (const std::string& path :
       {"/dev/fd/" + number, "/proc/self/fd/" + number, "/proc/thread-self/fd/" + number,
        "/proc/" + std::to_string(::getpid()) + "/fd/" + number, temporary / "link",
        temporary / "second", temporary / "../../proc/self/fd/" + number}) {
    const auto found = descriptor_path(path);
    ASSERT_TRUE(found) << path;
    EXPECT_EQ(found->number, file.get()) << path;
    EXPECT_TRUE(found->own) << path;
  }
}

TEST(DescriptorPath, of_another_process_is_not_our_own) {
  const auto found = descriptor_path("/proc/" + std::to_string(::getppid()) + "/fd/0");
  if (!found) GTEST_SKIP() << "no right to look at the parent";
  EXPECT_EQ(found->number, 0);
  EXPECT_FALSE(found->own);
}

TEST(DescriptorPath, is_no_name_of_a_file) {
  const disk::test::TemporaryDirectory temporary;
  temporary.put("file", "");
  fs::create_directory(temporary / "fd");
  fs::create_symlink("../file", temporary / "fd/1");
  fs::create_symlink("loop", temporary / "loop");
  for (const std::string& path :
       {temporary / "file", temporary / "fd/1", temporary / "loop", temporary / "none/1",
        temporary / "none", std::string{"/dev/null"}, std::string{"/dev/fd"}, std::string{"-"},
        std::string{}}) {
    EXPECT_FALSE(descriptor_path(path)) << path;
  }
}

TEST(DescriptorPath, that_is_not_open_has_its_number) {
  const auto path = descriptor_path("/proc/self/fd/99999");
  ASSERT_TRUE(path);
  EXPECT_EQ(path->number, 99999);
  EXPECT_TRUE(path->own);
}

TEST(DescriptorPath, of_standard_output_is_a_dash) {
  EXPECT_EQ(dash_for_standard_output("/dev/stdout"), "-");
  EXPECT_EQ(dash_for_standard_output("/dev/fd/1"), "-");
  EXPECT_EQ(dash_for_standard_output("/dev/stderr"), "/dev/stderr");
  EXPECT_EQ(dash_for_standard_output("file"), "file");
}

}  // namespace
}  // namespace mpiferry::posix

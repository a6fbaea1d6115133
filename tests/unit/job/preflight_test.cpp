// What is found before the first byte.
#include "engine/job/preflight.hpp"

#include <cerrno>

#include <gtest/gtest.h>

#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/open_file_limit.hpp"

namespace mpiferry::job {
namespace {

TEST(Preflight, of_another_build_names_both) {
  EXPECT_TRUE(check_build("1.0 abc", "1.0 abc"));
  EXPECT_TRUE(check_build("", "1.0 abc")) << "a library may not know";
  const Outcome checked = check_build("1.0 abc", "1.0 def");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Errc::bad_version);
  EXPECT_NE(checked.error().detail.find("1.0 abc"), std::string::npos);
  EXPECT_NE(checked.error().detail.find("1.0 def"), std::string::npos);
}

TEST(Preflight, needs_an_open_file_for_every_chunk_of_the_window) {
  EXPECT_TRUE(check_open_files(files, 1));
  const Outcome checked = check_open_files(files, ~std::uint32_t{0});
  // Without a limit there is nothing to exceed.
  if (checked) GTEST_SKIP() << "no limit of open files here";
  EXPECT_EQ(checked.error().code, Errc::invalid_argument);
  EXPECT_EQ(checked.error().system_errno, EMFILE);
  EXPECT_NE(checked.error().hint.find("a smaller window"), std::string::npos);
}

TEST(Preflight, needs_files_for_any_job) {
  const disk::test::OpenFileLimit limit{16};
  const Outcome checked = check_open_files(files);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Errc::invalid_argument);
  EXPECT_EQ(checked.error().hint, "raise the limit of open files (ulimit -n)");
}

}  // namespace
}  // namespace mpiferry::job

// Directories that ignore case and keep it, as of exFAT: this program's own calls stand in for
// them.
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/disk/directory.hpp"
#include "engine/disk/job_lock_file.hpp"
#include "engine/disk/replaceable.hpp"
#include "engine/disk/stale_file_scan.hpp"
#include "engine/disk/vacancy.hpp"
#include "tests/support/posix_files.hpp"
#include "tests/support/steady_clock.hpp"
#include "tests/unit/disk/job_locks.hpp"
#include "tests/unit/disk/stat_fault.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace {

thread_local bool case_is_ignored = false;

// As `name` is listed in `directory`, or `name`.
std::string listed(int directory, const char* name) {
  std::string found{name};
  DIR* const entries = ::fdopendir(static_cast<int>(
      ::syscall(SYS_openat, directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)));
  while (const dirent* entry = ::readdir(entries)) {
    if (::strcasecmp(entry->d_name, name) == 0) found = entry->d_name;
  }
  ::closedir(entries);
  return found;
}
}  // namespace

// NOLINTNEXTLINE(cert-dcl50-cpp): as the system has it
extern "C" int openat(int directory, const char* name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = (flags & O_CREAT) != 0 ? va_arg(arguments, unsigned) : 0;
  va_end(arguments);
  const auto open = [&](const char* there) {
    return static_cast<int>(::syscall(SYS_openat, directory, there, flags, mode));
  };
  return case_is_ignored ? open(listed(directory, name).c_str()) : open(name);
}

extern "C" int fstatat(int directory, const char* name, struct stat* status, int flags) noexcept {
  if (mpiferry::disk::test::stat_error != 0) {
    errno = mpiferry::disk::test::stat_error;
    return -1;
  }
  const auto stat = [&](const char* there) {
    return static_cast<int>(::syscall(SYS_newfstatat, directory, there, status, flags));
  };
  return case_is_ignored ? stat(listed(directory, name).c_str()) : stat(name);
}

namespace mpiferry::disk {
namespace {

// As users may have called their files.
const std::vector<std::string> kUsers{
    "Chunk_0.bin",       "CHUNK_1.BIN", "cHUNK_1.BIN",  "Chunk_007.bin", "Stripe_1.BIN",
    "stripe_1.bin.PART", "FILE.bin",    "file.BIN",     "File.Bin.Part", "Manifest.JSON",
    "XXH3sums",          "xxh3sums.1",  ".Mpiferry.JOB"};

class IgnoredCase : public testing::Test {
 protected:
  IgnoredCase() { case_is_ignored = true; }
  ~IgnoredCase() override { case_is_ignored = false; }

  Outcome survey() const {
    StaleFileSurvey look{directory, ""};
    return end(look);
  }
  Outcome sweep(ToRemove to_remove = {}) const {
    StaleFileRemoval sweep{directory, "", std::move(to_remove)};
    return end(sweep);
  }
  static void expect_refused(const Outcome& outcome, const std::string& path) {
    ASSERT_FALSE(outcome) << path;
    EXPECT_EQ(outcome.error().code, Errc::dest_occupied) << path;
    EXPECT_EQ(outcome.error().path, path);
    EXPECT_NE(outcome.error().detail.find("ignores case"), std::string::npos) << path;
    EXPECT_NE(outcome.error().hint, "") << path;
  }

  test::TemporaryDirectory temporary;
  Directory directory = *Directory::open_or_create(files, temporary.path());

 private:
  template <class Work>
  static Outcome end(Work& work) {
    for (;;) {
      const auto more = work.step(steady, std::chrono::milliseconds{1});
      if (!more) return more.error();
      if (!*more) return Nothing{};
    }
  }
};

TEST_F(IgnoredCase, a_users_file_is_named_and_stays) {
  for (const std::string& name : kUsers) {
    temporary.put(name, "the user's");
    expect_refused(check_vacant(directory, kOurs), temporary / name);
    if (name != ".Mpiferry.JOB") {
      expect_refused(survey(), temporary / name);
      expect_refused(sweep(), temporary / name);
    }
    EXPECT_EQ(temporary.get(name), "the user's");
    ASSERT_TRUE(directory.remove(name));
  }
}

TEST_F(IgnoredCase, a_users_file_is_not_removed_as_a_stale_one) {
  temporary.put("Chunk_0.bin", "the user's");
  temporary.put("stripe_2.bin", "of a job");
  EXPECT_TRUE(sweep([](FileKind, auto) { return true; }));
  EXPECT_EQ(temporary.names(), std::vector<std::string>{"Chunk_0.bin"});
}

TEST_F(IgnoredCase, a_users_file_is_not_taken_for_a_job_lock) {
  temporary.put(".Mpiferry.JOB", "the user's");
  for (const bool replace : {false, true}) {
    const auto refused = JobLockFile{directory}.acquire(kOurs, replace);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::dest_occupied);
  }
  EXPECT_EQ(temporary.get(".Mpiferry.JOB"), "the user's");
}

// As lowntfs-3g does it with ignore_case: what mpiferry has called XXH3SUMS has small letters
// there.
TEST_F(IgnoredCase, what_a_directory_lists_in_its_own_spelling_is_ours_by_content) {
  temporary.put("xxh3sums.2", "XXH3 (chunk_0.bin) = 0123456789abcdef\n");
  temporary.put("chunk_0.bin", "");
  EXPECT_TRUE(survey());
  EXPECT_TRUE(sweep([](FileKind, auto number) { return number == 1; }));
  EXPECT_EQ(temporary.names(), (std::vector<std::string>{"chunk_0.bin", "xxh3sums.2"}));
  EXPECT_TRUE(sweep());
  EXPECT_TRUE(temporary.names().empty());
}

TEST_F(IgnoredCase, names_that_only_resemble_ours_are_nobodys_concern) {
  for (const char* name : {"Chunk_0.bin2", "My_Chunk_0.bin", "File.binary", "MANIFEST",
                           ".X.0123456789ABCDEF.PART", "README"}) {
    temporary.put(name, "the user's");
  }
  EXPECT_TRUE(check_vacant(directory, kOurs));
  EXPECT_TRUE(survey());
}

TEST_F(IgnoredCase, is_told_from_case_that_counts) {
  case_is_ignored = false;
  for (const std::string& name : kUsers) temporary.put(name, "the user's");
  temporary.put("chunk_0.bin", "ours");
  std::vector<std::string> users = temporary.names();
  std::erase(users, "chunk_0.bin");
  EXPECT_TRUE(survey());
  EXPECT_TRUE(sweep());
  EXPECT_EQ(temporary.names(), users);
  EXPECT_TRUE(check_vacant(directory, kOurs));
}

}  // namespace
}  // namespace mpiferry::disk

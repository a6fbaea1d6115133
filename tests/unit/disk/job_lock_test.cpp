#include <cerrno>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/disk/directory.hpp"
#include "engine/disk/file_id.hpp"
#include "engine/disk/job_lock_file.hpp"
#include "engine/disk/job_owner.hpp"
#include "engine/disk/vacancy.hpp"
#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/job_locks.hpp"
#include "tests/unit/disk/open_file_limit.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::disk {
namespace {

class JobLockTest : public testing::Test {
 protected:
  test::TemporaryDirectory temporary;
  Directory directory = *Directory::open_or_create(files, temporary.path());
};

TEST_F(JobLockTest, is_held_by_whom_it_names_and_nobody_else) {
  EXPECT_FALSE(JobLockFile{directory}.is_of(kOurs));
  ASSERT_TRUE(JobLockFile{directory}.create(kOurs));
  EXPECT_EQ(temporary.names(), std::vector<std::string>{".mpiferry.job"});
  EXPECT_TRUE(JobLockFile{directory}.is_of(kOurs));
  EXPECT_FALSE(JobLockFile{directory}.is_of(kTheirs));
  EXPECT_TRUE(JobLockFile{directory}.is_of(
      "00000000000000aa\nrank 1, pid 13 (started 2, pid namespace 4, boot 7c1f) on node8\n"))
      << "another rank of the same job";
  EXPECT_FALSE(JobLockFile{directory}.is_of("workers of 00000000000000aa\n"));
  EXPECT_FALSE(JobLockFile{directory}.is_of("x" + std::string{kOurs}));
  EXPECT_FALSE(JobLockFile{directory}.is_of(std::string{kOurs}.substr(0, 8)));
  EXPECT_FALSE(JobLockFile{directory}.is_of(""));
}

TEST_F(JobLockTest, of_another_job_stops_ours_and_says_whose_it_is) {
  temporary.put(".mpiferry.job", kTheirs);
  const auto created = JobLockFile{directory}.create(kOurs);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, Errc::dest_occupied);
  EXPECT_EQ(created.error().path, temporary.path());
  EXPECT_EQ(created.error().detail,
            "a job is running here, or was killed (rank 0, pid 99 on node8)");
  EXPECT_NE(created.error().hint.find("`force`"), std::string::npos);
  EXPECT_EQ(temporary.get(".mpiferry.job"), kTheirs);
  EXPECT_EQ(temporary.names(), std::vector<std::string>{".mpiferry.job"});
}

TEST_F(JobLockTest, that_cannot_be_read_is_not_taken_for_another_jobs) {
  const auto lock = JobLockFile{directory}.acquire(kOurs, false);
  ASSERT_TRUE(lock && *lock);
  const test::OpenFileLimit limit{0};
  const auto unread = JobLockFile{directory}.check(kOurs, storage::File{});
  ASSERT_FALSE(unread);
  EXPECT_EQ(unread.error().code, Errc::dest_unusable);
  EXPECT_EQ(unread.error().path, temporary / ".mpiferry.job");
  EXPECT_EQ(unread.error().call, "open");
  EXPECT_EQ(unread.error().system_errno, EMFILE);
  EXPECT_NE(unread.error().hint.find("ulimit -n"), std::string::npos);
}

TEST_F(JobLockTest, that_is_locked_is_known_without_another_descriptor) {
  auto lock = JobLockFile{directory}.acquire(kOurs, false);
  ASSERT_TRUE(lock && *lock);
  {
    const test::OpenFileLimit limit{0};
    const auto held = JobLockFile{directory}.check(kOurs, *lock);
    ASSERT_TRUE(held) << held.error().message();
    EXPECT_TRUE(*held);
    JobLockFile{directory}.release(kOurs, std::move(*lock));
    EXPECT_FALSE(directory.exists(".mpiferry.job"));
  }
}

TEST_F(JobLockTest, of_another_job_in_its_place_stays) {
  auto lock = JobLockFile{directory}.acquire(kOurs, false);
  ASSERT_TRUE(lock && *lock);
  ASSERT_TRUE(directory.remove(".mpiferry.job"));
  temporary.put(".mpiferry.job", kTheirs);
  const auto gone = JobLockFile{directory}.check(kOurs, *lock);
  ASSERT_TRUE(gone);
  EXPECT_FALSE(*gone);
  JobLockFile{directory}.release(kOurs, std::move(*lock));
  EXPECT_EQ(temporary.get(".mpiferry.job"), kTheirs);
}

// Whichever call is the first that finds no descriptor.
TEST_F(JobLockTest, is_taken_or_not_there_where_few_files_may_be_opened) {
#ifdef MPIFERRY_SANITIZED
  GTEST_SKIP() << "Clang's check of types opens a pipe to look at an address";
#endif
  for (const bool replace : {false, true}) {
    for (rlim_t more = 0; more < 4; ++more) {
      Result<storage::File> taken{storage::File{}};
      {
        const test::OpenFileLimit limit{more};
        taken = JobLockFile{directory}.acquire(kOurs, replace);
      }
      if (taken) {
        EXPECT_TRUE(JobLockFile{directory}.is_of(kOurs)) << more;
        JobLockFile{directory}.release(kOurs);
        continue;
      }
      EXPECT_EQ(taken.error().code, Errc::dest_unusable) << more << taken.error().message();
      EXPECT_EQ(taken.error().system_errno, EMFILE) << more;
      EXPECT_TRUE(temporary.names().empty()) << more;
    }
  }
}

TEST_F(JobLockTest, is_removed_by_whom_it_names) {
  ASSERT_TRUE(JobLockFile{directory}.create(kOurs));
  JobLockFile{directory}.release(kOurs);
  EXPECT_TRUE(temporary.names().empty());
  JobLockFile{directory}.release(kOurs);
}

TEST_F(JobLockTest, is_not_removed_by_others) {
  ASSERT_TRUE(JobLockFile{directory}.create(kTheirs));
  JobLockFile{directory}.release(kOurs);
  EXPECT_TRUE(JobLockFile{directory}.is_of(kTheirs));
}

TEST_F(JobLockTest, that_is_no_text_of_ours_is_never_ours) {
  temporary.put(".mpiferry.job", "");
  EXPECT_FALSE(JobLockFile{directory}.is_of(kOurs));
  temporary.put(".mpiferry.job", std::string(5000, 'x'));
  EXPECT_FALSE(JobLockFile{directory}.is_of(kOurs));
  EXPECT_FALSE(JobLockFile{directory}.is_of(""));
}

TEST_F(JobLockTest, says_of_a_job_on_this_host_whether_it_still_runs) {
  const JobOwner self{kMaster, files.this_process()};
  temporary.put(".mpiferry.job", job_lock_text("00000000000000bb", self));
  Outcome refused = check_vacant(directory, "");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("which still runs"), std::string::npos);
  EXPECT_EQ(refused.error().hint, "wait for that job, or name another destination");
  JobOwner dead = self;
  ++dead.process.started;  // another process had this pid
  temporary.put(".mpiferry.job", job_lock_text("00000000000000bb", dead));
  refused = check_vacant(directory, "");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("which no longer runs"), std::string::npos);
  EXPECT_EQ(refused.error().hint, "continue with `resume`, or replace its files with `force`");
}

TEST_F(JobLockTest, that_is_a_link_or_a_fifo_is_never_ours_and_never_stops_us) {
  temporary.put("file", kOurs);
  std::filesystem::create_symlink(temporary / "file", temporary / ".mpiferry.job");
  EXPECT_FALSE(JobLockFile{directory}.is_of(kOurs));
  EXPECT_FALSE(JobLockFile{directory}.create(kOurs));
  std::filesystem::remove(temporary / ".mpiferry.job");
  ASSERT_EQ(::mkfifo((temporary / ".mpiferry.job").c_str(), 0600), 0);
  EXPECT_FALSE(JobLockFile{directory}.is_of(kOurs));
  EXPECT_FALSE(JobLockFile{directory}.create(kOurs));
}

TEST_F(JobLockTest, that_a_power_cut_has_left_is_replaced_on_request) {
  for (const std::size_t zeros : {0U, 1U, 5000U}) {
    temporary.put(".mpiferry.job", std::string(zeros, '\0'));
    EXPECT_FALSE(JobLockFile{directory}.acquire(kOurs, false)) << zeros;
    EXPECT_TRUE(JobLockFile{directory}.acquire(kOurs, true)) << zeros;
    EXPECT_TRUE(JobLockFile{directory}.is_of(kOurs)) << zeros;
  }
}

TEST_F(JobLockTest, of_a_killed_job_is_replaced_on_request_only) {
  temporary.put(".mpiferry.job", kTheirs);
  const auto refused = JobLockFile{directory}.acquire(kOurs, false);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().hint.find("`force`"), std::string::npos);
  const auto taken = JobLockFile{directory}.acquire(kOurs, true);
  ASSERT_TRUE(taken);
  EXPECT_TRUE(*taken);
  EXPECT_TRUE(JobLockFile{directory}.is_of(kOurs));
}

TEST_F(JobLockTest, of_several_ranks_goes_with_the_last_of_them) {
  auto first = JobLockFile{directory}.acquire(kOurs, false);
  auto second = JobLockFile{directory}.acquire(kOurs, true);
  ASSERT_TRUE(first && second);
  JobLockFile{directory}.leave(kOurs, std::move(*first));
  EXPECT_TRUE(JobLockFile{directory}.is_of(kOurs));
  EXPECT_FALSE(JobLockFile{directory}.acquire(kTheirs, true)) << "the second still holds it";
  JobLockFile{directory}.leave(kOurs, std::move(*second));
  EXPECT_TRUE(temporary.names().empty());
}

TEST_F(JobLockTest, that_no_job_has_made_is_never_replaced) {
  const std::filesystem::path lock = temporary / ".mpiferry.job";
  temporary.put("file", kTheirs);
  std::filesystem::create_symlink(temporary / "file", lock);
  auto refused = JobLockFile{directory}.acquire(kOurs, true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail, "is a symbolic link, and has a name of mpiferry's files");
  EXPECT_TRUE(std::filesystem::is_symlink(lock));
  std::filesystem::remove(lock);
  temporary.put(".mpiferry.job", "the user's own file\n");
  refused = JobLockFile{directory}.acquire(kOurs, true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::dest_occupied);
  EXPECT_EQ(temporary.get(".mpiferry.job"), "the user's own file\n");
}

TEST_F(JobLockTest, that_is_the_source_is_never_replaced) {
  temporary.put(".mpiferry.job", kTheirs);
  struct stat status {};
  ASSERT_EQ(::stat((temporary / ".mpiferry.job").c_str(), &status), 0);
  const auto refused = JobLockFile{directory}.acquire(kOurs, true, file_id(status));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_EQ(temporary.get(".mpiferry.job"), kTheirs);
}

TEST_F(JobLockTest, is_never_seen_without_its_text) {
  std::vector<std::string> errors(4);
  std::vector<std::thread> ranks;
  for (std::string& error : errors) {
    ranks.emplace_back([this, &error] {
      for (int i = 0; i < 300; ++i) {
        if (JobLockFile{directory}.create(kOurs)) {
          if (const Outcome vacant = check_vacant(directory, kOurs); !vacant)
            error = vacant.error().message();
          JobLockFile{directory}.release(kOurs);
        } else if (directory.exists(".mpiferry.job") && !JobLockFile{directory}.is_of(kOurs) &&
                   temporary.get(".mpiferry.job").size() % std::string{kOurs}.size() != 0) {
          error = "half a job lock";
        }
      }
    });
  }
  for (std::thread& rank : ranks) rank.join();
  EXPECT_EQ(errors, std::vector<std::string>(4));
}

}  // namespace
}  // namespace mpiferry::disk

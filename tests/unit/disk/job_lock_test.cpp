// Directory: the mark of a running job.
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
#include "engine/disk/job_owner.hpp"
#include "tests/unit/disk/marks.hpp"
#include "tests/unit/disk/open_file_limit.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::disk {
namespace {

class Token : public testing::Test {
 protected:
  test::TemporaryDirectory temporary;
  Directory directory = *Directory::open_or_create(temporary.path());
};

TEST_F(Token, is_held_by_whom_it_names_and_nobody_else) {
  EXPECT_FALSE(directory.holds_job_lock(kOurs));
  ASSERT_TRUE(directory.create_job_lock(kOurs));
  EXPECT_EQ(temporary.names(), std::vector<std::string>{".mpiferry.job"});
  EXPECT_TRUE(directory.holds_job_lock(kOurs));
  EXPECT_FALSE(directory.holds_job_lock(kTheirs));
  EXPECT_TRUE(directory.holds_job_lock(
      "00000000000000aa\nrank 1, pid 13 (started 2, pid namespace 4, boot 7c1f) on node8\n"))
      << "another rank of the same job";
  EXPECT_FALSE(directory.holds_job_lock("workers of 00000000000000aa\n"));
  EXPECT_FALSE(directory.holds_job_lock("x" + std::string{kOurs}));
  EXPECT_FALSE(directory.holds_job_lock(std::string{kOurs}.substr(0, 8)));
  EXPECT_FALSE(directory.holds_job_lock(""));
}

TEST_F(Token, of_another_job_stops_ours_and_says_whose_it_is) {
  temporary.put(".mpiferry.job", kTheirs);
  const auto created = directory.create_job_lock(kOurs);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, Errc::dest_occupied);
  EXPECT_EQ(created.error().path, temporary.path());
  EXPECT_EQ(created.error().detail,
            "a job is running here, or was killed (rank 0, pid 99 on node8)");
  EXPECT_NE(created.error().hint.find("--force"), std::string::npos);
  EXPECT_EQ(temporary.get(".mpiferry.job"), kTheirs);
  EXPECT_EQ(temporary.names(), std::vector<std::string>{".mpiferry.job"});
}

TEST_F(Token, that_cannot_be_read_is_not_taken_for_another_jobs) {
  const auto lock = directory.acquire_job_lock(kOurs, false);
  ASSERT_TRUE(lock && *lock);
  const test::OpenFileLimit limit{0};
  const auto unread = directory.check_job_lock(kOurs, Descriptor{});
  ASSERT_FALSE(unread);
  EXPECT_EQ(unread.error().code, Errc::dest_unusable);
  EXPECT_EQ(unread.error().path, temporary / ".mpiferry.job");
  EXPECT_EQ(unread.error().call, "open");
  EXPECT_EQ(unread.error().system_errno, EMFILE);
  EXPECT_NE(unread.error().hint.find("ulimit -n"), std::string::npos);
}

TEST_F(Token, that_is_locked_is_known_without_another_descriptor) {
  auto lock = directory.acquire_job_lock(kOurs, false);
  ASSERT_TRUE(lock && *lock);
  {
    const test::OpenFileLimit limit{0};
    const auto held = directory.check_job_lock(kOurs, *lock);
    ASSERT_TRUE(held) << held.error().message();
    EXPECT_TRUE(*held);
    directory.release_job_lock(kOurs, std::move(*lock));
    EXPECT_FALSE(directory.exists(".mpiferry.job"));
  }
}

TEST_F(Token, of_another_job_in_its_place_stays) {
  auto lock = directory.acquire_job_lock(kOurs, false);
  ASSERT_TRUE(lock && *lock);
  ASSERT_TRUE(directory.remove(".mpiferry.job"));
  temporary.put(".mpiferry.job", kTheirs);
  const auto gone = directory.check_job_lock(kOurs, *lock);
  ASSERT_TRUE(gone);
  EXPECT_FALSE(*gone);
  directory.release_job_lock(kOurs, std::move(*lock));
  EXPECT_EQ(temporary.get(".mpiferry.job"), kTheirs);
}

// Whichever call is the first that finds no descriptor.
TEST_F(Token, is_taken_or_not_there_where_few_files_may_be_opened) {
#ifdef MPIFERRY_SANITIZED
  GTEST_SKIP() << "Clang's check of types opens a pipe to look at an address";
#endif
  for (const bool replace : {false, true}) {
    for (rlim_t more = 0; more < 4; ++more) {
      Result<Descriptor> taken{Descriptor{}};
      {
        const test::OpenFileLimit limit{more};
        taken = directory.acquire_job_lock(kOurs, replace);
      }
      if (taken) {
        EXPECT_TRUE(directory.holds_job_lock(kOurs)) << more;
        directory.release_job_lock(kOurs);
        continue;
      }
      EXPECT_EQ(taken.error().code, Errc::dest_unusable) << more << taken.error().message();
      EXPECT_EQ(taken.error().system_errno, EMFILE) << more;
      EXPECT_TRUE(temporary.names().empty()) << more;
    }
  }
}

TEST_F(Token, is_removed_by_whom_it_names) {
  ASSERT_TRUE(directory.create_job_lock(kOurs));
  directory.release_job_lock(kOurs);
  EXPECT_TRUE(temporary.names().empty());
  directory.release_job_lock(kOurs);
}

TEST_F(Token, is_not_removed_by_others) {
  ASSERT_TRUE(directory.create_job_lock(kTheirs));
  directory.release_job_lock(kOurs);
  EXPECT_TRUE(directory.holds_job_lock(kTheirs));
}

TEST_F(Token, that_is_no_text_of_ours_is_never_ours) {
  temporary.put(".mpiferry.job", "");
  EXPECT_FALSE(directory.holds_job_lock(kOurs));
  temporary.put(".mpiferry.job", std::string(5000, 'x'));
  EXPECT_FALSE(directory.holds_job_lock(kOurs));
  EXPECT_FALSE(directory.holds_job_lock(""));
}

TEST_F(Token, says_of_a_job_on_this_host_whether_it_still_runs) {
  const JobOwner self = JobOwner::of_this_process(kMaster);
  temporary.put(".mpiferry.job", job_lock_text("00000000000000bb", self));
  Outcome refused = directory.check_vacant("");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("which still runs"), std::string::npos);
  EXPECT_EQ(refused.error().hint, "wait for that job, or name another destination");
  JobOwner dead = self;
  ++dead.started;  // another process had this pid
  temporary.put(".mpiferry.job", job_lock_text("00000000000000bb", dead));
  refused = directory.check_vacant("");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("which no longer runs"), std::string::npos);
  EXPECT_EQ(refused.error().hint, "go on with --resume, or replace its files with --force");
}

TEST_F(Token, that_is_a_link_or_a_fifo_is_never_ours_and_never_stops_us) {
  temporary.put("file", kOurs);
  std::filesystem::create_symlink(temporary / "file", temporary / ".mpiferry.job");
  EXPECT_FALSE(directory.holds_job_lock(kOurs));
  EXPECT_FALSE(directory.create_job_lock(kOurs));
  std::filesystem::remove(temporary / ".mpiferry.job");
  ASSERT_EQ(::mkfifo((temporary / ".mpiferry.job").c_str(), 0600), 0);
  EXPECT_FALSE(directory.holds_job_lock(kOurs));
  EXPECT_FALSE(directory.create_job_lock(kOurs));
}

TEST_F(Token, that_a_power_cut_has_left_is_replaced_on_request) {
  for (const std::size_t zeros : {0U, 1U, 5000U}) {
    temporary.put(".mpiferry.job", std::string(zeros, '\0'));
    EXPECT_FALSE(directory.acquire_job_lock(kOurs, false)) << zeros;
    EXPECT_TRUE(directory.acquire_job_lock(kOurs, true)) << zeros;
    EXPECT_TRUE(directory.holds_job_lock(kOurs)) << zeros;
  }
}

TEST_F(Token, of_a_killed_job_is_replaced_on_request_only) {
  temporary.put(".mpiferry.job", kTheirs);
  const auto refused = directory.acquire_job_lock(kOurs, false);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().hint.find("--force"), std::string::npos);
  const auto taken = directory.acquire_job_lock(kOurs, true);
  ASSERT_TRUE(taken);
  EXPECT_TRUE(*taken);
  EXPECT_TRUE(directory.holds_job_lock(kOurs));
}

TEST_F(Token, of_several_ranks_goes_with_the_last_of_them) {
  auto first = directory.acquire_job_lock(kOurs, false);
  auto second = directory.acquire_job_lock(kOurs, true);
  ASSERT_TRUE(first && second);
  directory.leave_job_lock(kOurs, std::move(*first));
  EXPECT_TRUE(directory.holds_job_lock(kOurs));
  EXPECT_FALSE(directory.acquire_job_lock(kTheirs, true)) << "the second still holds it";
  directory.leave_job_lock(kOurs, std::move(*second));
  EXPECT_TRUE(temporary.names().empty());
}

TEST_F(Token, that_no_job_has_made_is_never_replaced) {
  const std::filesystem::path mark = temporary / ".mpiferry.job";
  temporary.put("file", kTheirs);
  std::filesystem::create_symlink(temporary / "file", mark);
  auto refused = directory.acquire_job_lock(kOurs, true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail, "is a symbolic link, and has a name of mpiferry's files");
  EXPECT_TRUE(std::filesystem::is_symlink(mark));
  std::filesystem::remove(mark);
  temporary.put(".mpiferry.job", "the user's own file\n");
  refused = directory.acquire_job_lock(kOurs, true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::dest_occupied);
  EXPECT_EQ(temporary.get(".mpiferry.job"), "the user's own file\n");
}

TEST_F(Token, that_is_the_source_is_never_replaced) {
  temporary.put(".mpiferry.job", kTheirs);
  struct stat status {};
  ASSERT_EQ(::stat((temporary / ".mpiferry.job").c_str(), &status), 0);
  const auto refused = directory.acquire_job_lock(kOurs, true, file_id(status));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_EQ(temporary.get(".mpiferry.job"), kTheirs);
}

TEST_F(Token, is_never_seen_without_its_text) {
  std::vector<std::string> errors(4);
  std::vector<std::thread> ranks;
  for (std::string& error : errors) {
    ranks.emplace_back([this, &error] {
      for (int i = 0; i < 300; ++i) {
        if (directory.create_job_lock(kOurs)) {
          if (const Outcome vacant = directory.check_vacant(kOurs); !vacant)
            error = vacant.error().message();
          directory.release_job_lock(kOurs);
        } else if (directory.exists(".mpiferry.job") && !directory.holds_job_lock(kOurs) &&
                   temporary.get(".mpiferry.job").size() % std::string{kOurs}.size() != 0) {
          error = "half a token";
        }
      }
    });
  }
  for (std::thread& rank : ranks) rank.join();
  EXPECT_EQ(errors, std::vector<std::string>(4));
}

}  // namespace
}  // namespace mpiferry::disk

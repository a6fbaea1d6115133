// Directory lists and removes what other jobs left behind.
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/disk/directory.hpp"
#include "engine/disk/file_id.hpp"
#include "engine/disk/job_lock_file.hpp"
#include "engine/disk/stale_file_scan.hpp"
#include "engine/disk/vacancy.hpp"
#include "tests/support/posix_files.hpp"
#include "tests/support/steady_clock.hpp"
#include "tests/unit/disk/job_locks.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::disk {
namespace {

using test::TemporaryDirectory;
using testing::Test;

constexpr const char* kManifest = "{\n  \"schema\": \"mpiferry.manifest/2\",\n";
constexpr const char* kSums = "XXH3 (chunk_0.bin) = 0123456789abcdef\n";
constexpr const char* kPart = ".chunk_9.bin.00000000000000bb.part";

class StaleFiles : public Test {
 protected:
  std::string detail() const {
    const Outcome vacant = check_vacant(directory, kOurs);
    if (vacant) return "vacant";
    EXPECT_EQ(vacant.error().code, Errc::dest_occupied);
    EXPECT_EQ(vacant.error().path, temporary.path());
    EXPECT_NE(vacant.error().hint.find("`force`"), std::string::npos);
    return vacant.error().detail;
  }
  Outcome remove_all(ToRemove to_remove = {}) const {
    StaleFileRemoval sweep{directory, "", std::move(to_remove)};
    for (;;) {
      const auto more = sweep.step(steady, std::chrono::milliseconds{1});
      if (!more) return more.error();
      if (!*more) return Nothing{};
    }
  }
  TemporaryDirectory temporary;
  Directory directory = *Directory::open_or_create(files, temporary.path());
};

TEST_F(StaleFiles, are_none_in_a_directory_of_the_users_files) {
  temporary.put("data.bin", "x");
  temporary.put(".browser.part", "x");
  std::filesystem::create_directory(temporary / "sub");
  temporary.put("sub/chunk_0.bin", "x");
  EXPECT_EQ(detail(), "vacant");
  EXPECT_TRUE(remove_all());
  EXPECT_EQ(temporary.names(), (std::vector<std::string>{".browser.part", "data.bin", "sub"}));
  EXPECT_TRUE(temporary.has("sub/chunk_0.bin"));
}

TEST_F(StaleFiles, of_a_finished_job_are_told_by_their_manifest) {
  for (const char* name : {"chunk_10.bin", "chunk_2.bin"}) temporary.put(name, "x");
  temporary.put("manifest.json", kManifest);
  temporary.put("XXH3SUMS", kSums);
  EXPECT_EQ(detail(), "a finished job's files are here: 2 chunks, the first file is 'chunk_2.bin'");
}

TEST_F(StaleFiles, of_an_unfinished_job_are_told_by_its_absence) {
  temporary.put("chunk_10.bin", "x");
  temporary.put(kPart, "x");
  EXPECT_EQ(detail(),
            "an unfinished job's files are here: 1 chunk, 1 partial file, the first file is "
            "'chunk_10.bin'");
}

TEST_F(StaleFiles, of_every_layout_are_counted) {
  for (const char* name : {"stripe_2.bin.part", "stripe_10.bin", "stripe_3.bin"})
    temporary.put(name, "x");
  temporary.put("XXH3SUMS", kSums);
  EXPECT_EQ(detail(),
            "an unfinished job's files are here: 2 stripes, 1 partial file, the first file is "
            "'stripe_3.bin'");
  ASSERT_TRUE(remove_all());
  temporary.put("file.bin.part", "x");
  EXPECT_EQ(
      detail(),
      "an unfinished job's files are here: 1 partial file, the first file is 'file.bin.part'");
  temporary.put("file.bin", "x");
  temporary.put("manifest.json", kManifest);
  EXPECT_EQ(detail(),
            "a finished job's files are here: 1 whole file, 1 partial file, the first file is "
            "'file.bin'");
  temporary.put("manifest.json", kManifest);
  ASSERT_TRUE(remove_all());
  temporary.put("manifest.json", kManifest);
  EXPECT_EQ(detail(), "a finished job's files are here: the first file is 'manifest.json'");
}

TEST_F(StaleFiles, of_a_running_job_are_told_by_its_job_lock) {
  temporary.put("chunk_1.bin", "x");
  temporary.put(".mpiferry.job", kTheirs);
  EXPECT_EQ(detail(),
            "a job is running here, or was killed (rank 0, pid 99 on node8): 1 chunk, "
            "the first file is 'chunk_1.bin'");
}

// Hundreds of its bytes came to the terminal, with a hint that did not help.
TEST_F(StaleFiles, with_the_name_of_a_job_lock_are_not_quoted_if_no_job_wrote_them) {
  temporary.put(".mpiferry.job", "\xff\x01 precious\n");
  const Result<storage::File> refused = JobLockFile{directory}.acquire(kOurs, false);
  ASSERT_FALSE(refused);
  for (const Failure& failure : {check_vacant(directory, "").error(), refused.error()}) {
    EXPECT_EQ(failure.code, Errc::dest_occupied);
    EXPECT_EQ(failure.detail, "has a name of mpiferry's files, and mpiferry has not written it");
    EXPECT_EQ(failure.hint, "move it away, or name another destination");
  }
}

TEST_F(StaleFiles, of_every_kind_make_a_directory_occupied) {
  for (const std::string name :
       {"chunk_0.bin", "stripe_1.bin", "stripe_1.bin.part", "file.bin", "file.bin.part",
        "manifest.json", "XXH3SUMS", "XXH3SUMS.3", kPart, ".mpiferry.job"}) {
    temporary.put(name, "");
    EXPECT_NE(detail(), "vacant") << name;
    std::filesystem::remove(temporary / name);
    EXPECT_EQ(detail(), "vacant") << name;
  }
}

TEST_F(StaleFiles, do_not_include_our_own_job_lock) {
  temporary.put(".mpiferry.job", kOurs);
  EXPECT_EQ(detail(), "vacant");
  EXPECT_TRUE(remove_all());
  EXPECT_TRUE(temporary.has(".mpiferry.job"));
  EXPECT_FALSE(check_vacant(directory, ""));
}

TEST_F(StaleFiles, are_removed_and_only_they) {
  for (const char* name : {"chunk_0.bin", "chunk_99.bin", "manifest.json", "XXH3SUMS", "XXH3SUMS.3",
                           kPart, "notes.txt", "chunk_0.bin.bak", "stripe_1.bin",
                           "stripe_2.bin.part", "file.bin", "file.bin.part", "file.bin.old"})
    temporary.put(name, "");
  temporary.put("manifest.json", kManifest);
  temporary.put("XXH3SUMS", kSums);
  temporary.put(".mpiferry.job", kTheirs);
  EXPECT_TRUE(remove_all());
  EXPECT_EQ(temporary.names(), (std::vector<std::string>{".mpiferry.job", "chunk_0.bin.bak",
                                                         "file.bin.old", "notes.txt"}))
      << "whose job runs, only its lock can tell";
}

TEST_F(StaleFiles, that_no_job_can_have_made_are_named_before_anything_is_removed) {
  const std::filesystem::path path = temporary / "chunk_0.bin";
  const std::vector<std::pair<std::string, std::function<void()>>> others = {
      {"directory", [&] { std::filesystem::create_directory(path); }},
      {"symbolic link", [&] { std::filesystem::create_symlink("chunk_1.bin", path); }},
      {"FIFO", [&] { ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0); }},
      {"socket", [&] { ASSERT_EQ(::mknod(path.c_str(), S_IFSOCK | 0600, 0), 0); }},
  };
  for (const char* name : {"chunk_1.bin", "manifest.json"}) temporary.put(name, "");
  for (const auto& [what, make] : others) {
    make();
    const Outcome removed = remove_all();
    ASSERT_FALSE(removed) << what;
    EXPECT_EQ(removed.error().code, Errc::dest_unusable);
    EXPECT_EQ(removed.error().path, path);
    EXPECT_EQ(removed.error().detail, "is a " + what + ", and has a name of mpiferry's files");
    EXPECT_EQ(temporary.names().size(), 3U);
    std::filesystem::remove(path);
  }
}

TEST_F(StaleFiles, of_another_program_are_named_before_anything_is_removed) {
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
           {"manifest.json", "{\"schemaVersion\": 2}"},
           {"manifest.json", "a text"},
           {"XXH3SUMS", "0123456789abcdef  notes.txt\n"},
           {"XXH3SUMS", "XXH3 (notes.txt) = 0123456789abcdef\n"},
           {"XXH3SUMS.7", "?"}}) {
    temporary.put("chunk_1.bin", "");
    temporary.put(name, text);
    EXPECT_EQ(check_vacant(directory, "").error().path, temporary / name) << "not a finished job's";
    const Outcome removed = remove_all();
    ASSERT_FALSE(removed) << name;
    EXPECT_EQ(removed.error().code, Errc::dest_occupied);
    EXPECT_EQ(removed.error().path, temporary / name);
    EXPECT_EQ(temporary.get(name), text);
    EXPECT_TRUE(temporary.has("chunk_1.bin"));
    std::filesystem::remove(temporary / name);
  }
}

TEST_F(StaleFiles, that_a_power_cut_has_left_empty_or_full_of_zeros_are_ours) {
  for (const char* name : {"manifest.json", "XXH3SUMS"}) {
    for (const std::size_t zeros : {0U, 1U, 5000U}) {
      temporary.put(name, std::string(zeros, '\0'));
      EXPECT_TRUE(remove_all()) << name << zeros;
      EXPECT_FALSE(temporary.has(name));
    }
  }
}

TEST_F(StaleFiles, are_surveyed_without_a_change) {
  temporary.put("chunk_0.bin", std::string(20'000, 'x'));
  temporary.put("stripe_1.bin", std::string(20'000, 'x'));
  temporary.put("chunk_1.bin", std::string(20'000, 'x'));
  std::filesystem::create_hard_link(temporary / "chunk_1.bin", temporary / "mine");
  temporary.put("mine too", std::string(20'000, 'x'));
  temporary.put(".mpiferry.job", "");
  const auto names = temporary.names();
  StaleFileSurvey survey{directory, ""};
  for (;;) {
    const auto more = survey.step(steady, {});
    ASSERT_TRUE(more);
    if (!*more) break;
  }
  EXPECT_EQ(survey.files(), 2U);
  EXPECT_GE(survey.bytes(), Bytes{40'000});
  EXPECT_LT(survey.bytes(), Bytes{60'000});
  EXPECT_EQ(temporary.names(), names);
}

TEST_F(StaleFiles, of_another_program_are_named_by_a_survey) {
  temporary.put("manifest.json", "a text");
  StaleFileSurvey survey{directory, ""};
  const auto looked = survey.step(steady, std::chrono::seconds{1});
  ASSERT_FALSE(looked);
  EXPECT_EQ(looked.error().code, Errc::dest_occupied);
}

TEST_F(StaleFiles, are_removed_in_slices_the_manifest_first) {
  for (int i = 0; i < 10; ++i) temporary.put("chunk_" + std::to_string(i) + ".bin", "");
  temporary.put("manifest.json", "");
  StaleFileRemoval sweep{directory, ""};
  int slices = 0;
  while (temporary.names().size() == 11) {
    const auto more = sweep.step(steady, {});
    ASSERT_TRUE(more);
    ASSERT_TRUE(*more);
    ++slices;
  }
  EXPECT_GT(slices, 11) << "every name is looked at before";
  EXPECT_FALSE(temporary.has("manifest.json"));
  EXPECT_GE(temporary.names().size(), 9U) << "a slice of no time is one name";
}

TEST_F(StaleFiles, are_not_removed_if_the_source_is_among_them) {
  for (int i = 0; i < 10; ++i) temporary.put("chunk_" + std::to_string(i) + ".bin", "");
  const std::vector<std::string> others{"manifest.json", "file.bin", "file.bin.part",
                                        "stripe_1.bin", "stripe_1.bin.part"};
  for (const std::string& name : others) temporary.put(name, "");
  for (const std::string source : {"chunk_7.bin", "file.bin", "file.bin.part", "stripe_1.bin"}) {
    struct stat status {};
    ASSERT_EQ(::stat((temporary / source).c_str(), &status), 0);
    StaleFileRemoval sweep{directory, file_id(status)};
    auto more = sweep.step(steady, {});
    while (more && *more) more = sweep.step(steady, {});
    ASSERT_FALSE(more) << source;
    EXPECT_EQ(more.error().code, Errc::invalid_argument);
    EXPECT_EQ(more.error().path, temporary / source);
    EXPECT_EQ(temporary.names().size(), 15U);
  }
}

TEST_F(StaleFiles, to_remove_are_removed_and_no_others) {
  for (const char* name :
       {"chunk_0.bin", "chunk_2.bin", "chunk_3.bin", "chunk_10.bin", "chunk_003.bin",
        "manifest.json", "XXH3SUMS", "XXH3SUMS.3", "stripe_3.bin", "stripe_3.bin.part", "file.bin",
        kPart, "notes.txt", "chunk_7.bin.bak"})
    temporary.put(name, "x");
  temporary.put(".mpiferry.job", kOurs);
  // The job has chunks 0, 1 and 2.
  EXPECT_TRUE(remove_all([](FileKind kind, std::optional<std::uint64_t> number) {
    EXPECT_NE(kind, FileKind::foreign);
    EXPECT_NE(kind, FileKind::job_lock) << "it is our own";
    return kind == FileKind::partial || (kind == FileKind::chunk && (!number || *number >= 3));
  }));
  EXPECT_EQ(temporary.names(),
            (std::vector<std::string>{".mpiferry.job", "XXH3SUMS", "XXH3SUMS.3", "chunk_0.bin",
                                      "chunk_2.bin", "chunk_7.bin.bak", "file.bin", "manifest.json",
                                      "notes.txt", "stripe_3.bin", "stripe_3.bin.part"}));
}

TEST_F(StaleFiles, to_remove_go_in_slices_after_the_manifest_if_it_is_to_go) {
  for (int i = 0; i < 10; ++i) temporary.put("chunk_" + std::to_string(i) + ".bin", "");
  temporary.put("manifest.json", "");
  const auto step = [this](bool manifest) {
    StaleFileRemoval sweep{directory, "", [manifest](FileKind kind, const auto& number) {
                             return kind == FileKind::manifest ? manifest : number >= 5U;
                           }};
    EXPECT_TRUE(*sweep.step(steady, {}));
  };
  step(false);
  EXPECT_TRUE(temporary.has("manifest.json"));
  step(true);
  EXPECT_FALSE(temporary.has("manifest.json"));
  EXPECT_GE(temporary.names().size(), 8U) << "a slice of no time is one name";
}

TEST_F(StaleFiles, to_remove_stay_if_the_source_is_among_them) {
  for (const char* name : {"chunk_0.bin", "chunk_7.bin", "chunk_8.bin"}) temporary.put(name, "");
  const auto sweep_from = [this](const std::string& source) {
    struct stat status {};
    EXPECT_EQ(::stat((temporary / source).c_str(), &status), 0);
    StaleFileRemoval sweep{directory, file_id(status),
                           [](FileKind, const auto& number) { return number >= 5U; }};
    auto more = sweep.step(steady, {});
    while (more && *more) more = sweep.step(steady, {});
    return more;
  };
  const auto refused = sweep_from("chunk_7.bin");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().path, temporary / "chunk_7.bin");
  EXPECT_EQ(temporary.names().size(), 3U);
  EXPECT_TRUE(sweep_from("chunk_0.bin")) << "the source stays, whatever its name is";
  EXPECT_EQ(temporary.names(), std::vector<std::string>{"chunk_0.bin"});
}

TEST_F(StaleFiles, are_removed_by_many_at_the_same_time) {
  for (int i = 0; i < 2000; ++i) temporary.put("chunk_" + std::to_string(i) + ".bin", "");
  temporary.put("manifest.json", "");
  std::vector<std::string> errors(4);
  std::vector<std::thread> ranks;
  for (std::string& error : errors) {
    ranks.emplace_back([this, &error] {
      if (const Outcome removed = remove_all(); !removed) error = removed.error().message();
    });
  }
  for (std::thread& rank : ranks) rank.join();
  EXPECT_EQ(errors, std::vector<std::string>(4));
  EXPECT_TRUE(temporary.names().empty());
}

}  // namespace
}  // namespace mpiferry::disk

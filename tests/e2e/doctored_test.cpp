// A manifest is input, not truth: whatever it says, nothing outside of the named directories is
// read or written, and what cannot be is refused with the name of the field.
#include <filesystem>
#include <functional>
#include <string>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/e2e/retrieval_job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

struct Doctored {
  const char* what;
  std::function<void(Json&)> change;
  const char* message;
};
void PrintTo(const Doctored& it, std::ostream* out) { *out << it.what; }

class Manifest : public RetrievalTest {
 protected:
  Manifest() { chunk_size = 4096; }
};
class Refused : public Manifest, public ::testing::WithParamInterface<Doctored> {};

TEST_P(Refused, is_refused_by_gather_and_by_verify) {
  scatter_bytes(5 * chunk_size, 3);
  doctor(GetParam().change);
  const Finished finished = run(gather(0));
  expect_not_gathered(finished, 5, GetParam().message);
  EXPECT_NE(line_with(finished.err, "manifest.json"), "") << describe(finished);
  EXPECT_EQ(report()["verdict"], "manifest_damaged");
  EXPECT_EQ(run(verify(0)).exit_code, 5);
}

constexpr std::uint64_t kNearTwoTo63 = (std::uint64_t{1} << 63U) - 1;
INSTANTIATE_TEST_SUITE_P(
    , Refused,
    ::testing::Values(
        Doctored{"another_schema", [](Json& it) { it["schema"] = "mpiferry.manifest/1"; },
                 "schema must be"},
        Doctored{"another_layout", [](Json& it) { it["layout"] = "tape"; }, "layout must be"},
        Doctored{"names_with_a_path", [](Json& it) { it["file_names"] = "../chunk_{i}.bin"; },
                 "file_names must be"},
        Doctored{"a_size_near_2_to_63", [](Json& it) { it["size"] = kNearTwoTo63; },
                 "chunks must be"},
        Doctored{"a_size_and_chunks_near_2_to_63",
                 [](Json& it) {
                   it["size"] = kNearTwoTo63;
                   it["chunks"] = kNearTwoTo63 / 4096 + 1;
                 },
                 "chunks must be"},
        Doctored{"a_size_beyond_2_to_63", [](Json& it) { it["size"] = kNearTwoTo63 + 2; },
                 "size must be"},
        Doctored{"a_negative_size", [](Json& it) { it["size"] = -1; }, "size must be"},
        Doctored{"chunks_of_0_bytes", [](Json& it) { it["chunk_size"] = 0; }, "chunk_size must be"},
        Doctored{"chunks_above_1_GiB", [](Json& it) { it["chunk_size"] = 1073741825; },
                 "chunk_size must be"},
        Doctored{"a_digest_too_few", [](Json& it) { it["chunk_digests"].erase(0); },
                 "chunk_digests must be 5 digests, not 4"},
        Doctored{"a_digest_twice",
                 [](Json& it) { it["chunk_digests"].push_back(it["chunk_digests"][0]); },
                 "chunk_digests must be 5 digests, not 6"},
        Doctored{"a_host_that_leads_out", [](Json& it) { it["workers"][0]["host"] = ".."; },
                 "host must be a name"},
        Doctored{"a_host_with_a_path", [](Json& it) { it["workers"][0]["host"] = "a/../../b"; },
                 "host must be a name"},
        Doctored{"a_rank_twice", [](Json& it) { it["workers"][1]["rank"] = 1; }, "rank must be 2"},
        Doctored{"no_workers", [](Json& it) { it["workers"] = Json::array(); }, "workers must be"},
        Doctored{"a_chunk_moved_twice",
                 [](Json& it) { it["moved"] = Json::parse("[[0, 2], [0, 2]]"); }, "moved must be"},
        Doctored{"a_chunk_moved_to_nobody", [](Json& it) { it["moved"] = Json::parse("[[0, 3]]"); },
                 "moved must be"},
        Doctored{"no_json", [](Json& it) { it = "none"; }, "must be an object"}),
    [](const auto& test) { return std::string{test.param.what}; });

TEST_F(Manifest, that_contradicts_itself_makes_no_file) {
  scatter_bytes(5 * chunk_size, 3);
  doctor([](Json& it) { it["digest"] = std::string(32, '0'); });
  for (const int ranks : {0, 3}) {
    expect_not_gathered(run(gather(ranks)), 5, "the manifest contradicts itself");
    EXPECT_EQ(report()["verdict"], "file_differs");
  }
  EXPECT_EQ(run(verify(2, {"--against", source})).exit_code, 5);
}

TEST_F(Manifest, says_nothing_about_where_to_look) {
  scatter_bytes(5 * chunk_size, 3);
  fs::create_directory(temporary / "trap");
  for (const char* chunk : {"0", "2", "4"}) {
    const std::string name = std::string{"chunk_"} + chunk + ".bin";
    fs::rename(destination / name, temporary / "trap" / name);
  }
  doctor([this](Json& it) { it["workers"][0]["directory"] = (temporary / "trap").string(); });
  expect_not_gathered(run(gather(3)), 5, "chunk 0 is missing");
}

TEST_F(Manifest, that_is_a_symbolic_link_a_fifo_or_a_directory_is_not_read) {
  scatter_bytes(5 * chunk_size, 3);
  const fs::path manifest = destination / "manifest.json";
  fs::rename(manifest, temporary / "elsewhere");
  fs::create_symlink(temporary / "elsewhere", manifest);
  expect_not_gathered(run(gather(2)), 5, "a symbolic link");
  fs::remove(manifest);
  ASSERT_EQ(::mkfifo(manifest.c_str(), 0600), 0);
  expect_not_gathered(run(gather(2)), 5, "not a regular file");
  fs::remove(manifest);
  fs::create_directory(manifest);
  expect_not_gathered(run(gather(2)), 5, "a directory and no file");
  EXPECT_NE(line_with(run(verify(0)).err, "hint: no job has made that"), "");
}

// It asks for more than there is: found before anything is read.
TEST_F(Manifest, of_a_size_that_no_disk_has_is_an_error_of_the_file) {
  scatter_bytes(5 * chunk_size, 3);
  doctor([](Json& it) {
    it["chunk_size"] = 1 << 30;
    it["chunks"] = 1 << 16;  // 64 TiB
    it["size"] = std::uint64_t{1} << 46U;
    it["chunk_digests"] = Json(std::vector<std::string>(1 << 16, std::string(16, '0')));
  });
  const Finished finished = run(gather(2));
  EXPECT_TRUE(finished.exit_code == 4 || finished.exit_code == 5) << describe(finished);
  expect_not_gathered(finished, finished.exit_code);
}

}  // namespace
}  // namespace mpiferry::e2e

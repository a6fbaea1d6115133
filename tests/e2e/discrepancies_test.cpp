// What is wrong with something that was scattered is named: which chunk, who found it, where, which
// digest it has and which it ought to have. gather makes no FILE of it, verify lists it.
#include <filesystem>
#include <string>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/e2e/retrieval_job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

class Discrepancies : public RetrievalTest {
 protected:
  Discrepancies() { chunk_size = 4096; }

  std::string digest_of(std::uint64_t chunk) const {
    const Json manifest = Json::parse(read_file(destination / "manifest.json"));
    return manifest["chunk_digests"][chunk];
  }
  std::string in_destination(const std::string& name) const {
    return "'" + (destination / name).string() + "'";
  }
  void flip(const fs::path& file, std::uint64_t at) const {
    std::string text = read_file(file);
    ASSERT_LT(at, text.size());
    text[at] = static_cast<char>(text[at] ^ 1);
    write_file(file, text);
  }

  // gather and verify find exactly this one discrepancy, whatever ranks they have. `found`: beside
  // the digest of the manifest.
  void expect_discrepancy(const char* kind, std::uint64_t chunk, const std::string& file,
                          const std::string& found) const {
    for (const int ranks : {0, 3}) {
      SCOPED_TRACE(ranks);
      expect_not_gathered(run(gather(ranks)), 5, "chunk " + std::to_string(chunk) + " is " + kind);
      const Finished finished = run(gather(ranks));
      const std::string error = line_with(finished.err, "mpiferry: error: rank ");
      for (const std::string& words : {in_destination(file), digest_of(chunk), found}) {
        EXPECT_NE(error.find(words), std::string::npos) << words << '\n' << describe(finished);
      }
      const Finished verified = run(verify(ranks));
      EXPECT_EQ(verified.exit_code, 5) << describe(verified);
      EXPECT_EQ(error_lines(verified), 1) << describe(verified);
      const std::string line =
          line_with(verified.err, std::string{kind} + ": chunk " + std::to_string(chunk) + ": ");
      for (const std::string& words : {in_destination(file), digest_of(chunk), found}) {
        EXPECT_NE(line.find(words), std::string::npos) << words << '\n' << describe(verified);
      }
      const Json said = report();
      EXPECT_EQ(said["verdict"], std::string{"chunk_"} + kind);
      EXPECT_EQ(said[std::string{"chunks_"} + kind], 1);
      ASSERT_EQ(said["discrepancies"].size(), 1U) << said["discrepancies"];
      EXPECT_EQ(said["discrepancies"][0]["kind"], kind);
      EXPECT_EQ(said["discrepancies"][0]["chunk"], chunk);
      EXPECT_EQ(said["discrepancies"][0]["path"], (destination / file).string());
      EXPECT_EQ(said["chunks_written"], said["chunks"].get<std::uint64_t>() - 1);
    }
  }
};

TEST_F(Discrepancies, a_damaged_chunk) {
  scatter_bytes(20 * chunk_size, 3);
  flip(chunk_path(destination, 7), 99);
  expect_discrepancy("damaged", 7, "chunk_7.bin", "its digest is ");
}

// More damage than buffers, where every rank sees every chunk, rank 0 as well.
TEST_F(Discrepancies, many_damaged_chunks_in_a_directory_that_all_share) {
  scatter_bytes(200 * chunk_size, 3);
  for (std::uint64_t chunk = 0; chunk < 200; chunk += 2) flip(chunk_path(destination, chunk), 1);
  expect_not_gathered(run(gather(3, {"--window", "2"})), 5, "chunk 0 is damaged");
  EXPECT_EQ(run(verify(3)).exit_code, 5);
  EXPECT_EQ(report()["chunks_damaged"], 100);
  EXPECT_EQ(report()["discrepancies"].size(), 100U);
}

TEST_F(Discrepancies, a_missing_chunk) {
  scatter_bytes(20 * chunk_size, 3);
  fs::remove(chunk_path(destination, 7));
  expect_discrepancy("missing", 7, "chunk_7.bin",
                     "no rank sees it; rank 2 of the scatter wrote it on ");
}

TEST_F(Discrepancies, a_short_chunk_and_a_long_one) {
  scatter_bytes(20 * chunk_size, 3);
  const fs::path chunk = chunk_path(destination, 7);
  const std::string whole = read_file(chunk);
  fs::resize_file(chunk, 1000);
  expect_discrepancy("damaged", 7, "chunk_7.bin", "it has 1000 bytes there and not 4096");
  write_file(chunk, whole + "x");
  expect_discrepancy("damaged", 7, "chunk_7.bin", "it has 4097 bytes there and not 4096");
}

TEST_F(Discrepancies, a_chunk_that_is_a_symbolic_link) {
  scatter_bytes(20 * chunk_size, 3);
  const fs::path chunk = chunk_path(destination, 7);
  fs::rename(chunk, temporary / "elsewhere");  // the very bytes, but not there
  fs::create_symlink(temporary / "elsewhere", chunk);
  expect_discrepancy("damaged", 7, "chunk_7.bin", "Too many levels of symbolic links");
}

TEST_F(Discrepancies, a_stripe_that_is_damaged_short_or_long) {
  scatter_bytes(20 * chunk_size, 3, {"--layout", "stripes"});  // stripe 2: chunks 1, 3, .. 19
  const fs::path stripe = destination / "stripe_2.bin";
  const std::string whole = read_file(stripe);
  flip(stripe, 3 * chunk_size + 5);
  expect_discrepancy("damaged", 7, "stripe_2.bin", "its digest is ");
  write_file(stripe, whole.substr(0, whole.size() - 96));
  expect_discrepancy("damaged", 19, "stripe_2.bin", "it has 4000 bytes there and not 4096");
  write_file(stripe, whole + "more");
  expect_discrepancy("damaged", 19, "stripe_2.bin", "it has 4100 bytes there and not 4096");
}

TEST_F(Discrepancies, one_file_that_is_damaged_or_too_long) {
  scatter_bytes(20 * chunk_size, 3, {"--layout", "file"});
  const fs::path file = destination / "file.bin";
  const std::string whole = read_file(file);
  flip(file, 7 * chunk_size);
  expect_discrepancy("damaged", 7, "file.bin", "its digest is ");
  write_file(file, whole + "more");
  expect_discrepancy("damaged", 19, "file.bin", "it has 4100 bytes there and not 4096");
}

// scatter --resume would refuse to replace it.
TEST_F(Discrepancies, what_is_no_regular_file_is_to_be_moved_away) {
  scatter_bytes(20 * chunk_size, 3);
  const fs::path file = chunk_path(destination, 7);
  const auto expect_told = [&] {
    for (const Command& command : {gather(0), gather(3), verify(0), verify(3)}) {
      const Finished finished = run(command);
      EXPECT_EQ(finished.exit_code, 5) << describe(finished);
      EXPECT_NE(finished.err.find("it is no regular file"), std::string::npos)
          << describe(finished);
      EXPECT_NE(line_with(finished.err, "hint").find(file.string() + "': move it away; then"),
                std::string::npos)
          << describe(finished);
    }
    EXPECT_NE(run(job(3, {"--resume"})).exit_code, 0);
    fs::remove(file);
  };
  fs::remove(file);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  expect_told();
  fs::create_directory(file);
  expect_told();
  fs::create_symlink("chunk_6.bin", file);
  expect_told();
  EXPECT_EQ(run(job(3, {"--resume"})).exit_code, 0);
}

TEST_F(Discrepancies, are_told_and_that_their_report_cannot_be_written) {
  scatter_bytes(20 * chunk_size, 3);
  fs::remove(chunk_path(destination, 7));
  report_path = "/dev/full";
  const Finished finished = run(verify(0));
  EXPECT_EQ(finished.exit_code, 5) << describe(finished);
  EXPECT_EQ(error_lines(finished), 1) << describe(finished);
  EXPECT_NE(line_with(finished.err, "mpiferry: warning: ").find("/dev/full"), std::string::npos)
      << describe(finished);
}

TEST_F(Discrepancies, a_missing_stripe_is_all_its_chunks) {
  scatter_bytes(20 * chunk_size, 3, {"--layout", "stripes"});
  fs::remove(destination / "stripe_2.bin");
  expect_not_gathered(run(gather(3)), 5, "chunk 1 is missing");
  EXPECT_EQ(run(verify(3)).exit_code, 5);
  EXPECT_EQ(report()["chunks_missing"], 10);
}

// Zeros without end, with and without a beginning: it has no memory for all of them.
TEST_F(Discrepancies, a_huge_manifest_that_is_none_is_damaged) {
  if (kSanitized) GTEST_SKIP() << "sanitizers need more address space";
  scatter_bytes(20 * chunk_size, 3);
  for (const char* beginning : {"", "{ "}) {
    write_file(destination / "manifest.json", beginning);
    fs::resize_file(destination / "manifest.json", std::uint64_t{15} << 30U);
    const Command inner = verify(0);
    const Finished finished = run(shell(R"(ulimit -v 8000000; exec "$@")", inner.words));
    EXPECT_EQ(finished.exit_code, 5) << describe(finished);
    EXPECT_NE(line_with(finished.err, "manifest.json"), "") << describe(finished);
  }
}

TEST_F(Discrepancies, files_that_have_no_place_there_are_extra_and_no_error) {
  scatter_bytes(20 * chunk_size, 3);
  write_file(destination / "chunk_20.bin", "beyond the end");
  write_file(destination / "stripe_1.bin", "of another layout");
  write_file(destination / "file.bin.part", "unfinished");
  write_file(destination / "notes.txt", "the user's own");
  for (const int ranks : {0, 3}) {
    const Finished finished = run(verify(ranks));
    EXPECT_EQ(finished.exit_code, 0) << describe(finished);
    EXPECT_NE(finished.out.find("(3 extra files beside them)"), std::string::npos) << finished.out;
    EXPECT_NE(line_with(finished.out, "extra: rank 0 ("), "") << finished.out;
    EXPECT_EQ(report()["extra_files"], 3);
    EXPECT_EQ(finished.output().find("notes.txt"), std::string::npos) << finished.out;
  }
  gather_with(2);
}

TEST_F(Discrepancies, a_chunk_in_the_directory_of_another_worker_is_extra_there_and_missing_here) {
  root = temporary / "dest";
  destination = root / "{rank}";
  scatter_bytes(8 * chunk_size, 3);
  fs::rename(chunk_path(root / "2", 3), chunk_path(root / "1", 3));
  const Finished finished = run(verify(3));
  EXPECT_EQ(finished.exit_code, 5) << describe(finished);
  EXPECT_NE(line_with(finished.err, "missing: chunk 3: '" + (root / "2/chunk_3.bin").string()), "")
      << describe(finished);
  EXPECT_NE(line_with(finished.err, (root / "1/chunk_3.bin").string() + "': does not belong there"),
            "")
      << describe(finished);
  expect_not_gathered(run(gather(3)), 5, "chunk 3 is missing");
}

TEST_F(Discrepancies, what_is_as_it_was_is_verified_with_and_without_mpirun) {
  scatter_bytes(20 * chunk_size + 1, 4, {"--layout", "stripes"});
  for (const int ranks : {0, 1, 2, 5}) expect_verified(run(verify(ranks)));
  const Finished said = run(verify(3));
  EXPECT_NE(said.out.find("in 21 chunks, read by 3 ranks"), std::string::npos) << said.out;
  EXPECT_EQ(run(verify(3, {"-q"})).output(), "");
}

TEST_F(Discrepancies, a_file_to_compare_with_is_the_source_or_it_differs) {
  scatter_bytes(20 * chunk_size + 1, 3);
  for (const int ranks : {0, 3}) expect_verified(run(verify(ranks, {"--against", source})));

  flip(source, 7 * chunk_size);
  const Finished differs = run(verify(3, {"--against", source}));
  EXPECT_EQ(differs.exit_code, 5) << describe(differs);
  EXPECT_NE(line_with(differs.err, "differs: chunk 7: rank 0 ("), "") << describe(differs);
  EXPECT_NE(line_with(differs.err, "1 difference from"), "") << describe(differs);
  EXPECT_EQ(report()["verdict"], "file_differs");
  EXPECT_EQ(report()["chunks_differing"], 1);

  EXPECT_EQ(differs.err.find("repairs it from the source"), std::string::npos)
      << "a wrong file must not replace right chunks: " << describe(differs);
  EXPECT_NE(line_with(differs.err, "hint: if '" + source.string() + "' is what"), "");

  fs::resize_file(source, 5);
  const Finished shorter = run(verify(0, {"--against", source}));
  EXPECT_EQ(shorter.exit_code, 5) << describe(shorter);
  EXPECT_NE(line_with(shorter.err, "it has 5 bytes, what was scattered had 81921"), "")
      << describe(shorter);

  const Finished none = run(verify(3, {"--against", temporary / "none"}));
  EXPECT_EQ(none.exit_code, 3) << describe(none);
  EXPECT_EQ(error_lines(none), 1) << describe(none);

  const Finished directory = run(verify(0, {"--against", "."}));
  EXPECT_EQ(directory.exit_code, 3) << describe(directory);
  EXPECT_NE(line_with(directory.err, "hint: name a file for --against"), "") << describe(directory);
}

TEST_F(Discrepancies, are_not_looked_for_any_more_when_a_worker_hangs) {
  scatter_bytes(60 * chunk_size, 3);
  for (const char* fault : {"stall=2", "stall=2:3"}) {
    const Finished finished = run(verify(3, {"--fault", fault, "--stall-timeout", "500ms"}));
    EXPECT_EQ(finished.exit_code, 6) << describe(finished);
    EXPECT_NE(line_with(finished.err, "error: rank 2 ("), "") << describe(finished);
    EXPECT_EQ(error_lines(finished), 1) << describe(finished);
  }
  expect_verified(run(verify(3, {"--fault", "delay=1000"})));
}

// --resume would refuse one that no job has made.
TEST_F(Discrepancies, a_manifest_is_repaired_or_moved_away) {
  scatter_bytes(20 * chunk_size, 3);
  const std::string whole = read_file(destination / "manifest.json");
  for (const auto& [text, hint] :
       {std::pair{whole.substr(0, 100), "scatter again, with --resume"},
        std::pair{std::string{}, "scatter again, with --resume"},
        std::pair{std::string{"{}"}, "no job has made that: move it away"}}) {
    write_file(destination / "manifest.json", text);
    const Finished finished = run(verify(2));
    EXPECT_EQ(finished.exit_code, 5) << describe(finished);
    EXPECT_NE(line_with(finished.err, std::string{"hint: "} + hint), "") << describe(finished);
  }
}

TEST_F(Discrepancies, a_job_that_failed_has_no_manifest_to_verify) {
  make_source(20 * chunk_size);
  EXPECT_EQ(run_job(3, {"--fault", "corrupt=1", "--retries", "0"}).exit_code, 5);
  const Finished finished = run(verify(2));
  EXPECT_EQ(finished.exit_code, 3) << describe(finished);
  EXPECT_NE(line_with(finished.err, "only a finished scatter leaves a manifest"), "")
      << describe(finished);
}

}  // namespace
}  // namespace mpiferry::e2e

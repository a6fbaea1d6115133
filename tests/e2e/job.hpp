// mpiferry jobs, and what must be true after them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/files.hpp"
#include "tests/e2e/process.hpp"

namespace mpiferry::e2e {

using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

// The program is built with sanitizers, and takes several times as long.
#ifdef MPIFERRY_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
inline constexpr const char* kTooMuchForSanitizers = "4 GiB are moved in builds without sanitizers";

// Returns the command mpirun -n RANKS mpiferry scatter ARGUMENTS.
Command scatter(int ranks, const Arguments& arguments);
// Puts words such as setpriv or unshare before the command.
Command prefixed(const Arguments& prefix, Command command);

// Has a source and a destination in a directory of its own.
class JobTest : public ::testing::Test {
 protected:
  // Makes the source of `size` pseudo-random bytes.
  void make_source(std::uint64_t size);
  // Returns scatter SOURCE DEST with further arguments; the chunk size is `chunk_size`. The report
  // goes to `report_path`.
  Command job(int ranks, const Arguments& arguments = {}) const;
  Finished run_job(int ranks, const Arguments& arguments = {}) const {
    return run(job(ranks, arguments));
  }
  Json report() const;

  // The chunks in `directory` are the source, byte for byte, and the manifest says so.
  void expect_moved(const Finished& finished) const;
  // Checks the exit code, and that there is one error message, no manifest, nothing unfinished and
  // no process left; chunks that are there have the right bytes.
  void expect_failed(const Finished& finished, int exit_code, std::string_view message = "") const;
  // Checks the part of that which holds for the destination of any job that did not succeed.
  void expect_nothing_unfinished() const;
  void expect_right_chunks() const;
  // Runs xxhsum -c on every XXH3SUMS* below the destination.
  void expect_sums_accepted() const;

  TemporaryDirectory temporary;
  std::filesystem::path source = temporary / "source";
  std::filesystem::path destination = temporary / "dest";  // braces and all
  std::filesystem::path root = destination;                // above all that the ranks write
  std::filesystem::path report_path = temporary / "report.json";
  std::string bytes;  // of the source
  std::uint64_t chunk_size = 64 * 1024;
};

// Counts the lines with "mpiferry: error:" in all output.
int error_lines(const Finished& finished);
// How many lines of a text match a pattern from end to end.
std::ptrdiff_t lines_like(const std::string& text, const std::string& pattern);
// A job's end in words, for a failed assertion.
std::string describe(const Finished& finished);
bool have_xxhsum();
// What `xxhsum -H2` says of a file.
std::string xxh128(const std::filesystem::path& file);

// Arguments that take from a command the right to override file permissions: none for ordinary
// users, setpriv for root. Nothing if neither works here.
std::optional<Arguments> without_override();
// Arguments that let a command mount file systems that nobody else sees. Nothing without the
// rights.
std::optional<Arguments> with_private_mounts();

}  // namespace mpiferry::e2e

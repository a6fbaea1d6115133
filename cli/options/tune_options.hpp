// The command line of `mpiferry tune`.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/options/option_origins.hpp"
#include "engine/base/units.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's own
class App;
}

namespace mpiferry::cli {

struct TuneArguments {
  std::string source_directory;
  std::string destination;  // may contain {rank} and {host}
  Bytes size = 256_MiB;     // of the sample
  std::vector<Bytes> chunk_sizes = {64_KiB, 256_KiB, 1_MiB, 4_MiB};
  std::vector<std::uint32_t> windows = {2, 8, 32};
  std::uint32_t repetitions = 3;             // 2 .. 100
  std::chrono::milliseconds budget{60'000};  // 0: as long as it takes
  bool fsync = false;
  std::string profile = "auto";  // a file, "auto" for the default place, "none" for no profile
  std::string json;              // a file, "-" for standard output, or nothing
  bool quiet = false;
  bool verbose = false;
  OptionOrigins origins = {};
};

// Adds the command to `app`; both must outlive it, and it must stay until `app` has parsed.
class TuneParser {
 public:
  TuneParser(CLI::App& app, TuneArguments& arguments);
  TuneParser(const TuneParser&) = delete;
  TuneParser& operator=(const TuneParser&) = delete;

  // "--chunks 64K 1M" as "--chunks 64K,1M": the words after such an option that can be values.
  static std::vector<std::string> join_lists(const std::vector<std::string>& words);

  // The command line is one of this command.
  bool chosen() const;
  const CLI::App& command() const { return *command_; }
  // After parsing: false if another command was chosen. Throws CLI::ParseError for values that are
  // out of range.
  bool finish();

 private:
  void check_files() const;

  TuneArguments& arguments_;
  CLI::App* command_;
  std::uint64_t size_;
  std::uint64_t budget_;
  std::vector<std::string> chunk_sizes_;
  std::vector<std::string> windows_;
};

}  // namespace mpiferry::cli

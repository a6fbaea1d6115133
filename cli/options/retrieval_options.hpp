// The command lines of `mpiferry gather` and `mpiferry verify`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/options/option_origins.hpp"
#include "cli/output/show_progress.hpp"
#include "engine/roles/recall_options.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's own
class App;
class Option;
}  // namespace CLI

namespace mpiferry::cli {

// What the two have in common.
struct RecallArguments {
  ShowProgress progress = ShowProgress::automatic;
  std::string json;  // a file, "-" for standard output, or nothing
  bool quiet = false;
  bool verbose = false;
  OptionOrigins origins = {};
};
struct GatherArguments : RecallArguments {
  GatherOptions options;
};
struct VerifyArguments : RecallArguments {
  VerifyOptions options;
};

// Adds one of the commands to `app`; all must outlive it, and it must stay until `app` has parsed.
class RecallParser {
 public:
  RecallParser(CLI::App& app, GatherArguments& arguments);
  RecallParser(CLI::App& app, VerifyArguments& arguments);
  RecallParser(const RecallParser&) = delete;
  RecallParser& operator=(const RecallParser&) = delete;

  // The command line is one of this command.
  bool chosen() const;
  const CLI::App& command() const { return *command_; }
  // After parsing: false if another command was chosen. Throws CLI::ParseError for faults that are
  // none, and for a report that would take FILE's name.
  bool finish();

 private:
  RecallParser(CLI::App* command, RecallArguments& arguments, RecallOptions& options);
  void add_common(const char* faults);

  RecallArguments& arguments_;
  RecallOptions& options_;
  CLI::App* command_;
  const std::string* target_ = nullptr;  // FILE, if the command makes one
  CLI::Option* memory_option_ = nullptr;
  CLI::Option* stall_option_ = nullptr;
  std::uint64_t memory_ = 0;
  std::uint64_t stall_milliseconds_ = 0;
  std::vector<std::string> faults_;
};

}  // namespace mpiferry::cli

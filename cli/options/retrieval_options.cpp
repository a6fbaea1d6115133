#include "cli/options/retrieval_options.hpp"

#include <limits>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/options/fault_values.hpp"
#include "cli/options/option_values.hpp"
#include "cli/options/output_names.hpp"
#include "cli/output/output.hpp"
#include "engine/base/failure.hpp"
#include "engine/base/units.hpp"
#include "engine/disk/descriptor_path.hpp"

namespace mpiferry::cli {
namespace {

constexpr const char* kGatherExamples = R"(Examples:
  mpirun -n 5 mpiferry gather out/ copy.dat
  mpirun -n 3 mpiferry gather 'parts/{host}/{rank}' copy.dat --fsync
  mpiferry gather out/ copy.dat                      # one rank alone

Exit codes: 0 done, 2 usage, 3 no manifest, 4 FILE, 5 a chunk is missing or damaged, 6 stalled,
7 launch, 70 internal, 130 interrupted.)";

constexpr const char* kVerifyExamples = R"(Examples:
  mpirun -n 5 mpiferry verify out/
  mpiferry verify out/                               # one rank alone
  mpirun -n 3 mpiferry verify 'parts/{host}/{rank}' --against big.dat --json findings.json

Exit codes: 0 all is there and right, 2 usage, 3 no manifest, or FILE cannot be read, 5 something is
missing, damaged or different, 6 stalled, 7 launch, 70 internal, 130 interrupted.)";

}  // namespace

RecallParser::RecallParser(CLI::App* command, RecallArguments& arguments, RecallOptions& options)
    : arguments_(arguments), options_(options), command_(command) {
  command_
      ->add_option("DIR", options.directory,
                   "What scatter was given as DEST; {rank} and {host} are those of the scatter")
      ->required()
      ->check(not_empty);
}

RecallParser::RecallParser(CLI::App& app, GatherArguments& arguments)
    : RecallParser(app.add_subcommand("gather",
                                      "Brings what was scattered back into one FILE, "
                                      "checked, whole or not at all"),
                   arguments, arguments.options) {
  command_->footer(kGatherExamples);
  target_ = &arguments.options.target;
  command_
      ->add_option("FILE", arguments.options.target,
                   "The file to be made, on rank 0; a FIFO or a device is written into; - is "
                   "standard output")
      ->required()
      ->transform(disk::dash_for_standard_output)
      ->check(not_empty);
  command_->add_flag("--fsync", arguments.options.fsync,
                     "Success means that FILE is on stable storage");
  command_->add_flag("--force", arguments.options.force, "Replace FILE if it is there");
  command_->add_flag("--preserve", arguments.options.preserve,
                     "FILE gets the mode, the times and, where that is allowed, the owner that "
                     "SOURCE had");
  command_
      ->add_option("--sparse", arguments.options.sparse,
                   "auto: holes of SOURCE are holes of FILE; never: they are filled with zeros")
      ->transform(CLI::Validator{one_of({"auto", "never"}), "", "word"})
      ->type_name("HOW")
      ->default_str("auto");
  add_common(
      "Play a fault: corrupt=K[:N] damages every K-th chunk that a worker sends (at most N of "
      "them), stall=RANK[:AFTER] hangs a worker after so many chunks, delay=MICROS slows every "
      "read");
}

RecallParser::RecallParser(CLI::App& app, VerifyArguments& arguments)
    : RecallParser(app.add_subcommand("verify",
                                      "Reads what was scattered, and says what is missing, "
                                      "damaged or extra"),
                   arguments, arguments.options) {
  command_->footer(kVerifyExamples);
  command_
      ->add_option("--against", arguments.options.against,
                   "Compare with this file on rank 0, too: the source, or a copy of it")
      ->type_name("FILE")
      ->check(not_empty);
  command_
      ->add_option("--source-check", arguments.options.source_check,
                   "What shows that this file did not change meanwhile: its size, or its "
                   "modification time (mtime) as well")
      ->transform(CLI::Validator{one_of({"size", "mtime"}), "", "word"})
      ->type_name("HOW")
      ->default_str("mtime");
  add_common(
      "Play a fault: stall=RANK[:AFTER] hangs a worker after so many chunks, delay=MICROS slows "
      "every read");
}

// `faults`: which it plays.
void RecallParser::add_common(const char* faults) {
  command_
      ->add_option("--window", options_.window,
                   "Chunks asked of one rank at a time, 1 to 1024; by default as scatter's")
      ->transform(CLI::Validator{count_from(1, kMaxWindow), "", "number"})
      ->type_name("UINT")
      ->default_str("2..64");
  memory_option_ =
      command_->add_option("--memory", memory_, "Limit of the chunks in memory, for each rank")
          ->transform(CLI::Validator{bytes_from(1_B, kAnyBytes), "", "size"})
          ->type_name("SIZE")
          ->default_str("256MiB");
  command_
      ->add_option("--retries", options_.retries,
                   "How often a chunk that arrived damaged is asked for again")
      ->transform(
          CLI::Validator{count_from(0, std::numeric_limits<std::uint32_t>::max()), "", "number"})
      ->type_name("UINT")
      ->capture_default_str();
  stall_option_ =
      command_
          ->add_option("--stall-timeout", stall_milliseconds_,
                       "Seconds (or 500ms, 2m) of silence after which a worker is given up; "
                       "0: never")
          ->transform(CLI::Validator{to_milliseconds, "", "time"})
          ->type_name("TIME")
          ->default_str("60");
  command_->add_option("--progress", arguments_.progress, "A line of progress: auto, always, never")
      ->transform(CLI::Validator{one_of({"auto", "always", "never"}), "", "word"})
      ->type_name("WHEN")
      ->default_str("auto");
  command_
      ->add_option("--json", arguments_.json, "Write the report to this file; - is standard output")
      ->type_name("FILE")
      ->transform(disk::dash_for_standard_output)
      ->check(not_empty);
  command_->add_flag("-q,--quiet", arguments_.quiet, "Print nothing but errors");
  command_->add_flag("-v,--verbose", arguments_.verbose, "A line for every chunk");
  command_->add_option("--fault", faults_, faults)
      ->allow_extra_args(false)
      ->take_all()
      ->group("Testing");
  name_in_environment(*command_);
}

bool RecallParser::chosen() const { return command_->parsed(); }

bool RecallParser::finish() {
  if (!chosen()) return false;
  if (target_ != nullptr && is_standard_output(arguments_.json) && is_standard_output(*target_)) {
    throw CLI::ValidationError{"--json", "FILE is standard output: name a file for the report"};
  }
  if (target_ != nullptr && arguments_.json != "-" && same_file(arguments_.json, *target_)) {
    throw CLI::ValidationError{"--json", fmt::format("{} is FILE: name another for the report",
                                                     mpiferry::quoted(arguments_.json))};
  }
  check_output_name("--json", arguments_.json, options_.directory);
  for (const std::string& fault : faults_) add_fault(options_.faults, fault);
  if (memory_option_->count() > 0) options_.memory = Bytes{memory_};
  if (stall_option_->count() > 0) {
    options_.stall_timeout = std::chrono::milliseconds{stall_milliseconds_};
  }
  options_.handle_signals = true;
  return true;
}

}  // namespace mpiferry::cli

#include "cli/options/retrieval_options.hpp"

#include <array>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/options/declare.hpp"
#include "cli/options/output_names.hpp"
#include "cli/output/output.hpp"
#include "cli/process/exit_code.hpp"
#include "engine/base/failure.hpp"
#include "engine/posix/descriptor_path.hpp"

namespace mpiferry::cli {
namespace {

constexpr const char* kGatherExamples = R"(Examples:
  mpirun -n 5 mpiferry gather out/ copy.dat
  mpirun -n 3 mpiferry gather 'parts/{host}/{rank}' copy.dat --fsync
  mpiferry gather out/ copy.dat                      # one rank alone

)";

constexpr const char* kVerifyExamples = R"(Examples:
  mpirun -n 5 mpiferry verify out/
  mpiferry verify out/                               # one rank alone
  mpirun -n 3 mpiferry verify 'parts/{host}/{rank}' --against big.dat --json findings.json

)";

constexpr auto kGatherExitCodes =
    std::to_array<ExitCodeMeaning>({{ErrorClass::source, "no manifest"},
                                    {ErrorClass::destination, "FILE"},
                                    {ErrorClass::integrity, "a chunk is missing or damaged"}});

constexpr auto kVerifyExitCodes = std::to_array<ExitCodeMeaning>(
    {{ErrorClass::none, "all is there and right"},
     {ErrorClass::source, "no manifest, or FILE cannot be read"},
     {ErrorClass::integrity, "something is missing, damaged or different"}});

CLI::App& add_retrieval(CLI::App& app, const char* name, const char* summary,
                        const std::string& footer, std::string& directory) {
  CLI::App& command = *app.add_subcommand(name, summary);
  command.footer(footer);
  command
      .add_option("DIR", directory,
                  "What scatter was given as DEST; {rank} and {host} are those of the scatter")
      ->required()
      ->check(not_empty);
  return command;
}

// `faults`: which it plays.
void add_job_options(CLI::App& command, JobArguments& arguments, JobOptions& options,
                     const char* faults) {
  options.handle_signals = true;
  add_window(command, options.window,
             "Chunks asked of one rank at a time, 1 to 1024; by default as scatter's");
  add_memory(command, options.memory);
  add_retries(command, options.retries,
              "How often a chunk that arrived damaged is asked for again");
  add_stall_timeout(command, options.stall_timeout);
  add_progress(command, arguments.progress);
  add_report_options(command, arguments, "Write the report to this file; - is standard output",
                     "Print a line for every chunk");
  add_faults(command, options.faults, faults);
  read_from_environment(command);
}

// The report must not take the name of FILE, nor mix with it.
void check_target(const std::string& json, const std::string& target) {
  if (is_standard_output(json) && is_standard_output(target)) {
    throw CLI::ValidationError{"--json", "FILE is standard output: name a file for the report"};
  }
  if (json != "-" && same_file(json, target)) {
    throw CLI::ValidationError{
        "--json", fmt::format("{} is FILE: name another for the report", mpiferry::quoted(json))};
  }
}

}  // namespace

CLI::App& add_gather(CLI::App& app, GatherArguments& arguments) {
  GatherOptions& options = arguments.options;
  CLI::App& command = add_retrieval(
      app, "gather", "Brings what was scattered back into one FILE, checked, whole or not at all",
      kGatherExamples + exit_codes_text(kGatherExitCodes), options.directory);
  command
      .add_option("FILE", options.target,
                  "The file to create, on rank 0, or a FIFO or a device to write to; - is "
                  "standard output")
      ->required()
      ->transform(posix::dash_for_standard_output)
      ->check(not_empty);
  command.add_flag("--fsync", options.fsync, "Success means that FILE is on stable storage");
  command.add_flag("--force", options.force, "Replace FILE if it exists");
  command.add_flag(
      "--preserve", options.preserve,
      "FILE gets the mode, the times and, where that is allowed, the owner that SOURCE had");
  add_sparse(command, options.sparse,
             "auto: holes of SOURCE are holes of FILE; never: they are filled with zeros");
  add_job_options(
      command, arguments, options.job,
      "Play a fault: corrupt=K[:N] damages every K-th chunk that a worker sends (at most N of "
      "them), stall=RANK[:AFTER] hangs a worker after so many chunks, delay=MICROS slows every "
      "read");
  command.final_callback([&arguments] {
    check_target(arguments.json, arguments.options.target);
    check_output_name("--json", arguments.json, arguments.options.directory);
  });
  return command;
}

CLI::App& add_verify(CLI::App& app, VerifyArguments& arguments) {
  VerifyOptions& options = arguments.options;
  CLI::App& command = add_retrieval(
      app, "verify", "Reads what was scattered, and reports what is missing, damaged or extra",
      kVerifyExamples + exit_codes_text(kVerifyExitCodes), options.directory);
  add_file(command, "--against", options.against, FileUse::reads,
           "Compare with this file on rank 0, too: the source, or a copy of it");
  add_choice(command, "--source-check", options.source_check, {"size", "mtime"},
             "How to notice that this file changed meanwhile: by its size, or by its modification "
             "time as well (mtime)");
  add_job_options(
      command, arguments, options.job,
      "Play a fault: stall=RANK[:AFTER] hangs a worker after so many chunks, delay=MICROS slows "
      "every read");
  command.final_callback(
      [&arguments] { check_output_name("--json", arguments.json, arguments.options.directory); });
  return command;
}

}  // namespace mpiferry::cli

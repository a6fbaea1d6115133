#include "cli/options/parse.hpp"

#include <limits>
#include <sstream>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/commands/bench.hpp"
#include "cli/options/command_line.hpp"
#include "cli/options/fault_values.hpp"
#include "cli/options/option_values.hpp"
#include "cli/options/output_names.hpp"
#include "cli/options/tune_options.hpp"
#include "cli/output/version.hpp"
#include "cli/process/exit_code.hpp"
#include "engine/disk/descriptor_path.hpp"
#include "engine/flow/sender.hpp"

namespace mpiferry::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  mpirun -n 5 mpiferry scatter big.dat out/
  mpirun -n 5 mpiferry scatter --chunk-size 4MiB --fsync big.dat '/local/{host}/{rank}'
  mkfifo pipe; tar c tree > pipe & mpirun -n 3 mpiferry scatter pipe out/
  mpirun -n 5 mpiferry scatter --json report.json --quiet big.dat out/
  mpirun -n 5 mpiferry gather out/ copy.dat
  mpirun -n 5 mpiferry verify out/ --against big.dat
  mpirun -n 5 mpiferry tune /where/sources/are out/   # writes a profile that scatter uses
  mpiferry bench --ranks 2 3 --out results

Exit codes: 0 done, 2 usage, 3 source, 4 destination, 5 integrity, 6 stalled, 7 launch,
70 internal, 130 interrupted.)";

Leave refusal(const std::string& message, const std::string& hint, const CLI::App& command) {
  const bool whole = command.get_parent() == nullptr;
  return {fmt::format("mpiferry: error: {}\n{}  try: mpiferry {}--help\n", escaped(message),
                      hint.empty() ? "" : fmt::format("  hint: {}\n", hint),
                      whole ? "" : command.get_name() + " "),
          exit_code(ErrorClass::usage)};
}

}  // namespace

Parsed parse(int argc, const char* const* argv) {
  Arguments arguments;
  Options& options = arguments.options;
  CLI::App app{"Moves files between the ranks of an MPI job.", "mpiferry"};
  app.require_subcommand(1);
  app.set_version_flag(
      "-V,--version", [] { return version_text(); },
      "The versions of mpiferry and of the libraries it is built with");
  app.footer(kExamples);

  CLI::App* scatter = app.add_subcommand(
      "scatter", "Cuts SOURCE into chunks and writes them, checked, on the worker ranks");
  scatter->footer(kExamples);
  scatter->add_option("SOURCE", options.source, "File to move; - is standard input")->required();
  auto* destination = scatter
                          ->add_option("DEST", options.destination,
                                       "Directory for the chunks; {rank} and {host} are replaced")
                          ->capture_default_str();
  std::uint64_t chunk_size = options.chunk_size.value;
  std::uint64_t memory = 0;
  std::uint64_t stall_milliseconds = 0;
  auto* chunk_size_option =
      scatter->add_option("--chunk-size", chunk_size, "Bytes a chunk, up to 1GiB (64K, 4MiB)")
          ->transform(CLI::Validator{bytes_from(1_B, kMaxChunkSize), "", "size"})
          ->type_name("SIZE")
          ->default_str("1MiB");
  scatter
      ->add_option("--window", options.window,
                   "Chunks in flight to one worker, 1 to 1024; by default 8, more if chunks are "
                   "small, fewer if they are large")
      ->transform(CLI::Validator{count_from(1, flow::kMaxWindow), "", "number"})
      ->type_name("UINT")
      ->default_str("2..64");
  scatter
      ->add_option("--layout", options.layout,
                   "The files in DEST: chunks (one for each chunk), stripes (one for each worker), "
                   "file (one, which all workers write: for shared file systems)")
      ->transform(CLI::Validator{one_of({"chunks", "stripes", "file"}), "", "word"})
      ->type_name("HOW")
      ->default_str("chunks");
  auto* memory_option =
      scatter->add_option("--memory", memory, "Limit of the chunks in memory, for each rank")
          ->transform(CLI::Validator{bytes_from(1_B, kAnyBytes), "", "size"})
          ->type_name("SIZE")
          ->default_str("256MiB");
  scatter->add_option("--retries", options.retries, "How often a damaged chunk is sent again")
      ->transform(
          CLI::Validator{count_from(0, std::numeric_limits<std::uint32_t>::max()), "", "number"})
      ->type_name("UINT")
      ->capture_default_str();
  auto* stall_option =
      scatter
          ->add_option("--stall-timeout", stall_milliseconds,
                       "Seconds (or 500ms, 2m) of silence after which a worker is given up; "
                       "0: never")
          ->transform(CLI::Validator{to_milliseconds, "", "time"})
          ->type_name("TIME")
          ->default_str("60");
  scatter->add_flag("--fsync", options.fsync, "A chunk counts only when it is on stable storage");
  scatter
      ->add_option(
          "--io", options.io,
          "With --fsync, chunks go to the disk buffered (through the page cache) or direct "
          "(past it, where the file system can); auto: direct from 256KiB a chunk")
      ->transform(CLI::Validator{one_of({"auto", "buffered", "direct"}), "", "word"})
      ->type_name("HOW")
      ->default_str("auto");
  scatter
      ->add_option("--source-check", options.source_check,
                   "What shows that SOURCE did not change while it was read: its size, its "
                   "modification time (mtime) as well, or its bytes, read a second time (digest)")
      ->transform(CLI::Validator{one_of({"size", "mtime", "digest"}), "", "word"})
      ->type_name("HOW")
      ->default_str("mtime");
  scatter->add_flag("--preserve", options.preserve,
                    "The files in DEST get SOURCE's mode, times and, where that is allowed, owner");
  scatter
      ->add_option("--sparse", options.sparse,
                   "With --layout stripes or file: auto, holes of SOURCE stay holes; never, they "
                   "are filled with zeros")
      ->transform(CLI::Validator{one_of({"auto", "never"}), "", "word"})
      ->type_name("HOW")
      ->default_str("auto");
  scatter->add_flag("--force", options.force, "Replace another job's files in DEST");
  scatter->add_flag("--resume", options.resume,
                    "Go on with what lies in DEST: keep the chunks that are as in SOURCE now, send "
                    "the others");
  scatter->add_flag("--reroute", options.reroute,
                    "Chunks that a worker cannot write go to workers that can");
  scatter->add_flag("--discard", options.discard,
                    "Check and acknowledge chunks, but write nothing, so without DEST: how fast is "
                    "all but the disks?");
  scatter->add_option("--progress", arguments.progress, "A line of progress: auto, always, never")
      ->transform(CLI::Validator{one_of({"auto", "always", "never"}), "", "word"})
      ->type_name("WHEN")
      ->default_str("auto");
  scatter
      ->add_option("--json", arguments.json, "Write the report to this file; - is standard output")
      ->type_name("FILE")
      ->transform(disk::dash_for_standard_output)
      ->check(not_empty);
  scatter->add_flag("-q,--quiet", arguments.quiet, "Print nothing but errors");
  scatter->add_flag("-v,--verbose", arguments.verbose, "A line for every chunk");
  scatter
      ->add_option("--profile", arguments.profile,
                   "Chunk size and window that were not given come from this file, which mpiferry "
                   "tune has written; auto: from its default place, if it is there; none: from no "
                   "file")
      ->type_name("FILE")
      ->check(not_empty)
      ->capture_default_str();
  std::vector<std::string> faults;
  scatter
      ->add_option(
          "--fault", faults,
          "Play a fault: corrupt=K[:N] damages every K-th chunk that a worker receives (at "
          "most N of them), stall=RANK[:AFTER] hangs a worker after so many chunks, "
          "delay=MICROS slows every write")
      ->allow_extra_args(false)
      ->take_all()
      ->group("Testing");
  name_in_environment(*scatter);
  GatherArguments gather_arguments;
  RecallParser gather{app, gather_arguments};
  VerifyArguments verify_arguments;
  RecallParser verify{app, verify_arguments};
  TuneArguments tune_arguments;
  TuneParser tune{app, tune_arguments};
  app.add_subcommand("bench", kBenchSummary);  // main() has seen to it before
  app.add_subcommand("help", "Shows the options of a command (help scatter)");  // CommandLine
  const auto chosen = [&]() -> const CLI::App& {
    if (tune.chosen()) return tune.command();
    if (gather.chosen()) return gather.command();
    if (verify.chosen()) return verify.command();
    return scatter->parsed() ? *scatter : app;
  };

  const CommandLine line{app, argc, argv};
  if (const std::string unknown = line.unknown_command(); !unknown.empty()) {
    return refusal(unknown, "", app);
  }
  try {
    app.parse(line.argc(), line.argv());
    for (const std::string& fault : faults) add_fault(options.faults, fault);
    if (options.discard && destination->count() > 0) {
      throw CLI::ValidationError{"--discard",
                                 fmt::format("it writes nothing, so DEST ({}) must not be given",
                                             mpiferry::quoted(options.destination))};
    }
    if (scatter->parsed()) {
      check_output_name("--json", arguments.json, options.discard ? "" : options.destination);
    }
    arguments.origins = OptionOrigins{app, chosen(), line};
    tune_arguments.origins = gather_arguments.origins = verify_arguments.origins =
        arguments.origins;
    if (tune.finish()) return tune_arguments;
    if (gather.finish()) return gather_arguments;
    if (verify.finish()) return verify_arguments;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      std::ostringstream out;
      app.exit(error, out, out);
      return Leave{out.str(), 0};
    }
    return refusal(line.message(error, chosen()),
                   OptionOrigins{app, chosen(), line}.hint(error.what()), chosen());
  }
  options.chunk_size = Bytes{chunk_size};
  arguments.chunk_size_given = chunk_size_option->count() > 0;
  if (memory_option->count() > 0) options.memory = Bytes{memory};
  if (stall_option->count() > 0) {
    options.stall_timeout = std::chrono::milliseconds{stall_milliseconds};
  }
  options.handle_signals = true;
  return arguments;
}

}  // namespace mpiferry::cli

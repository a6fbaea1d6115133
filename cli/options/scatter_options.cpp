#include "cli/options/scatter_options.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/options/declare.hpp"
#include "cli/options/output_names.hpp"
#include "cli/process/exit_code.hpp"
#include "engine/base/failure.hpp"
#include "engine/plan/layout.hpp"

namespace mpiferry::cli {
namespace {

constexpr const char* kScatterExamples = R"(Examples:
  mpirun -n 5 mpiferry scatter big.dat out/
  mpirun -n 5 mpiferry scatter --chunk-size 4MiB --fsync big.dat '/local/{host}/{rank}'
  mkfifo pipe; tar c tree > pipe & mpirun -n 3 mpiferry scatter pipe out/
  mpirun -n 5 mpiferry scatter --json report.json --quiet big.dat out/
  mpirun -n 5 mpiferry gather out/ copy.dat
  mpirun -n 5 mpiferry verify out/ --against big.dat
  mpirun -n 5 mpiferry tune /where/sources/are out/   # writes a profile that scatter uses
  mpiferry bench --ranks 2 3 --out results

)";

// Behind the names of layouts. A layout that is not here is shown by its name alone.
struct LayoutHelp {
  wire::Layout layout;
  std::string_view text;
};
constexpr auto kLayoutHelp = std::to_array<LayoutHelp>(
    {{wire::Layout::chunks, "one for each chunk"},
     {wire::Layout::stripes, "one for each worker"},
     {wire::Layout::file, "one, which all workers write: for shared file systems"}});

std::vector<std::string_view> layout_names() {
  std::vector<std::string_view> names;
  for (const plan::LayoutRules& row : plan::Layout::table()) {
    names.push_back(wire::layout_name(row.layout));
  }
  return names;
}

std::vector<std::string> layout_meanings() {
  std::vector<std::string> meanings;
  for (const plan::LayoutRules& row : plan::Layout::table()) {
    const auto* const help = std::ranges::find(kLayoutHelp, row.layout, &LayoutHelp::layout);
    std::string meaning{wire::layout_name(row.layout)};
    if (help != kLayoutHelp.end()) meaning += fmt::format(" ({})", help->text);
    meanings.push_back(std::move(meaning));
  }
  return meanings;
}

std::vector<std::string_view> sparse_layouts() {
  std::vector<std::string_view> names;
  for (const plan::LayoutRules& row : plan::Layout::table()) {
    const plan::Layout layout{row.layout};
    if (layout.keeps_holes()) names.push_back(layout.name());
  }
  return names;
}

void add_chunks(CLI::App& command, ScatterArguments& arguments) {
  ScatterOptions& options = arguments.options;
  add_number(command, {"--chunk-size", "SIZE", "1MiB", "Bytes per chunk, up to 1GiB (64K, 4MiB)"},
             bytes_from(1_B, kMaxChunkSize), [&arguments](std::uint64_t value) {
               arguments.options.chunk_size = Bytes{value};
               arguments.chunk_size_given = true;
             });
  add_window(command, options.job.window,
             "Chunks in flight to one worker, 1 to 1024; by default 8, more if chunks are small, "
             "fewer if they are large");
  add_choice(command, "--layout", options.layout, layout_names(),
             fmt::format("The files in DEST: {}", fmt::join(layout_meanings(), ", ")));
  add_memory(command, options.job.memory);
  add_retries(command, options.job.retries, "How often a damaged chunk is sent again");
  add_stall_timeout(command, options.job.stall_timeout);
}

void add_files(CLI::App& command, ScatterOptions& options) {
  command.add_flag("--fsync", options.fsync, "A chunk counts only when it is on stable storage");
  add_choice(command, "--io", options.io, {"auto", "buffered", "direct"},
             "With --fsync, chunks go to the disk buffered (through the page cache) or direct "
             "(past it, where the file system can); auto: direct from 256KiB a chunk");
  add_choice(
      command, "--source-check", options.source_check, {"size", "mtime", "digest"},
      "How to notice that SOURCE changed while it was read: by its size, by its modification "
      "time as well (mtime), or by reading it a second time (digest)");
  command.add_flag("--preserve", options.preserve,
                   "The files in DEST get SOURCE's mode, times and, where that is allowed, owner");
  add_sparse(command, options.sparse,
             fmt::format("With --layout {}: auto, holes of SOURCE stay holes; never, they are "
                         "filled with zeros",
                         fmt::join(sparse_layouts(), " or "))
                 .c_str());
  command.add_flag("--force", options.force, "Replace another job's files in DEST");
  command.add_flag(
      "--resume", options.resume,
      "Resume a job: keep the chunks in DEST that are as in SOURCE now, send the others");
  command.add_flag("--reroute", options.reroute,
                   "Send chunks that a worker cannot write to workers that can");
  command.add_flag("--discard", options.discard,
                   "Check and acknowledge chunks, but write nothing, so without DEST: measures "
                   "everything but the disks");
}

}  // namespace

CLI::App& add_scatter(CLI::App& app, ScatterArguments& arguments) {
  ScatterOptions& options = arguments.options;
  options.job.handle_signals = true;
  CLI::App& command = *app.add_subcommand(
      "scatter", "Cuts SOURCE into chunks and writes them, checked, on the worker ranks");
  command.footer(kScatterExamples + exit_codes_text());
  command.add_option("SOURCE", options.source, "File to move; - is standard input")->required();
  const CLI::Option* const destination =
      command
          .add_option("DEST", options.destination,
                      "Directory for the chunks; {rank} and {host} are replaced")
          ->capture_default_str();
  add_chunks(command, arguments);
  add_files(command, options);
  add_progress(command, arguments.progress);
  add_report_options(command, arguments, "Write the report to this file; - is standard output",
                     "Print a line for every chunk");
  add_file(
      command, "--profile", arguments.profile, FileUse::reads,
      "Take the chunk size and the window, unless they are given, from this file, which mpiferry "
      "tune has written; auto: from the default path, if it exists; none: from no file")
      .capture_default_str();
  add_faults(command, options.job.faults,
             "Play a fault: corrupt=K[:N] damages every K-th chunk that a worker receives (at most "
             "N of them), stall=RANK[:AFTER] hangs a worker after so many chunks, delay=MICROS "
             "slows every write");
  read_from_environment(command);
  command.final_callback([&arguments, destination] {
    const ScatterOptions& given = arguments.options;
    if (given.discard && destination->count() > 0) {
      throw CLI::ValidationError{"--discard",
                                 fmt::format("it writes nothing, so DEST ({}) must not be given",
                                             mpiferry::quoted(given.destination))};
    }
    check_output_name("--json", arguments.json, given.discard ? "" : given.destination);
  });
  return command;
}

}  // namespace mpiferry::cli

#include "cli/options/common_options.hpp"

#include <limits>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/options/declare.hpp"
#include "cli/options/fault_values.hpp"

namespace mpiferry::cli {

void add_report_options(CLI::App& command, CommandArguments& arguments, const char* json,
                        const char* verbose) {
  add_file(command, "--json", arguments.json, FileUse::writes, json);
  command.add_flag("-q,--quiet", arguments.quiet, "Print nothing but errors");
  command.add_flag("-v,--verbose", arguments.verbose, verbose);
}

void add_progress(CLI::App& command, ShowProgress& progress) {
  add_choice(command, "--progress", progress, {"auto", "always", "never"},
             "Show a line of progress: auto, always, never", "WHEN");
}

void add_window(CLI::App& command, std::optional<std::uint32_t>& window, const char* text) {
  add_number(command, {"--window", "UINT", "2..64", text}, count_from(1, kMaxWindow),
             [&window](std::uint64_t value) { window = static_cast<std::uint32_t>(value); });
}

void add_memory(CLI::App& command, std::optional<Bytes>& memory) {
  add_number(command, {"--memory", "SIZE", "256MiB", "Limit of the chunks in memory, per rank"},
             bytes_from(1_B, kAnyBytes), [&memory](std::uint64_t value) { memory = Bytes{value}; });
}

void add_retries(CLI::App& command, std::uint32_t& retries, const char* text) {
  add_number(command, {"--retries", "UINT", std::to_string(retries), text},
             count_from(0, std::numeric_limits<std::uint32_t>::max()),
             [&retries](std::uint64_t value) { retries = static_cast<std::uint32_t>(value); });
}

void add_stall_timeout(CLI::App& command, std::chrono::milliseconds& timeout) {
  add_number(command,
             {"--stall-timeout", "TIME", "60",
              "Give a worker up after so many seconds (or 500ms, 2m) of silence; 0: never"},
             to_milliseconds,
             [&timeout](std::uint64_t value) { timeout = std::chrono::milliseconds{value}; });
}

void add_sparse(CLI::App& command, Sparse& sparse, const char* text) {
  add_choice(command, "--sparse", sparse, {"auto", "never"}, text);
}

void add_faults(CLI::App& command, wire::Faults& faults, const char* text) {
  const auto store = [&faults](const std::vector<std::string>& values) {
    for (const std::string& value : values) add_fault(faults, value);
  };
  command.add_option_function<std::vector<std::string>>("--fault", store, text)
      ->allow_extra_args(false)
      ->take_all()
      ->group("Testing");
}

}  // namespace mpiferry::cli

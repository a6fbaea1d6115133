// The options that several commands have. Each is declared here, once.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/options/option_origins.hpp"
#include "cli/output/output.hpp"
#include "engine/base/units.hpp"
#include "engine/job/file_options.hpp"
#include "engine/wire/job.hpp"

namespace mpiferry::cli {

// What every command has.
struct CommandArguments {
  std::string json;  // a file, "-" for standard output, or nothing
  bool quiet = false;
  bool verbose = false;
  OptionOrigins origins = {};
};

// What scatter, gather and verify have.
struct JobArguments : CommandArguments {
  ShowProgress progress = ShowProgress::automatic;
};

// Whatever the functions below are given must outlive `command`.

// --json, --quiet and --verbose. `json` and `verbose` are their help.
void add_report_options(CLI::App& command, CommandArguments& arguments, const char* json,
                        const char* verbose);
void add_progress(CLI::App& command, ShowProgress& progress);
void add_window(CLI::App& command, std::optional<std::uint32_t>& window, const char* text);
void add_memory(CLI::App& command, std::optional<Bytes>& memory);
void add_retries(CLI::App& command, std::uint32_t& retries, const char* text);
void add_stall_timeout(CLI::App& command, std::chrono::milliseconds& timeout);
void add_sparse(CLI::App& command, Sparse& sparse, const char* text);
// `text` says which faults the command plays.
void add_faults(CLI::App& command, wire::Faults& faults, const char* text);

}  // namespace mpiferry::cli

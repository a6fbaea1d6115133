#include "cli/options/tune_options.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/options/declare.hpp"
#include "cli/options/output_names.hpp"
#include "cli/options/tuning.hpp"
#include "cli/output/units.hpp"
#include "cli/process/exit_code.hpp"
#include "engine/disk/destination_pattern.hpp"

namespace mpiferry::cli {
namespace {

constexpr const char* kTuneExamples = R"(Examples:
  mpirun -n 5 mpiferry tune /data/sources '/local/{rank}'
  mpirun -n 5 mpiferry tune --fsync --budget 5m --size 1GiB /data/sources /scratch
  mpirun -n 5 mpiferry tune --chunks 1M,2M,4M --windows 4,8,16 --profile here.json . out/

tune removes all that it creates in SOURCE-DIR and DEST, and touches nothing else there.

)";

constexpr const char* kChunks = "--chunks";
constexpr const char* kWindows = "--windows";

constexpr std::uint64_t kMaxRepetitions = 100;
constexpr std::size_t kMaxCases = 1000;
// No chunks are large enough for a larger sample.
constexpr Bytes kMaxSample{kMaxChunks * kMaxChunkSize.value};

// The parts of a list, between commas or white space.
std::vector<std::string> parts_of(const std::string& text) {
  constexpr const char* kBetween = ", \t\n";
  std::vector<std::string> parts;
  for (std::size_t at = text.find_first_not_of(kBetween); at != std::string::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(kBetween, end);
  }
  return parts;
}

// A list of what `check` takes, at least one; becomes plain digits with commas between.
Check checked_list(const Check& check) {
  return [check](std::string& text) -> std::string {
    std::vector<std::string> parts = parts_of(text);
    if (parts.empty()) parts.emplace_back();
    for (std::string& part : parts) {
      if (std::string wrong = check(part); !wrong.empty()) return wrong;
    }
    text = fmt::format("{}", fmt::join(parts, ","));
    return {};
  };
}

// What `check` takes, in a list; `store` is called with all values.
void add_list(CLI::App& command, const OptionHelp& help, const Check& check,
              const std::function<void(const std::vector<std::uint64_t>&)>& store) {
  const auto read = [store](const std::vector<std::string>& lists) {
    std::vector<std::uint64_t> values;
    for (const std::string& list : lists) {
      for (const std::string& part : parts_of(list)) values.push_back(std::stoull(part));
    }
    store(values);
  };
  command.add_option_function<std::vector<std::string>>(help.name, read, help.text)
      ->transform(CLI::Validator{checked_list(check), ""})
      ->allow_extra_args(false)
      ->type_name(help.type)
      ->default_str(help.default_value);
}

void add_cases(CLI::App& command, TuneArguments& arguments) {
  add_list(
      command,
      {kChunks, "SIZES", "64K,256K,1M,4M", "Chunk sizes to measure, separated by commas or spaces"},
      bytes_from(1_B, kMaxChunkSize), [&arguments](const std::vector<std::uint64_t>& values) {
        arguments.chunk_sizes.clear();
        for (const auto value : values) arguments.chunk_sizes.push_back({value});
      });
  add_list(command, {kWindows, "UINTS", "2,8,32", "Windows to measure with each"},
           count_from(1, kMaxWindow), [&arguments](const std::vector<std::uint64_t>& values) {
             arguments.windows.clear();
             for (const auto value : values) {
               arguments.windows.push_back(static_cast<std::uint32_t>(value));
             }
           });
}

[[noreturn]] void refuse(const char* option, const std::string& why) {
  throw CLI::ValidationError{option, why};
}

void check_sample(const TuneArguments& arguments) {
  // The default is measured as well, whatever --chunks says.
  const Bytes smallest =
      std::min(default_tuning(arguments.fsync).chunk_size, std::ranges::min(arguments.chunk_sizes));
  const Bytes most{kMaxChunks * smallest.value};
  if (arguments.size <= most) return;
  refuse("--size",
         fmt::format("{}: must be at most {}, which is {} chunks of {}, the smallest to be "
                     "measured (--chunks)",
                     option_bytes(arguments.size), option_bytes(most), kMaxChunks,
                     option_bytes(smallest)));
}

void check_cases(const TuneArguments& arguments) {
  const std::size_t sizes = arguments.chunk_sizes.size();
  const std::size_t windows = arguments.windows.size();
  if (sizes * windows <= kMaxCases) return;
  refuse(kChunks, fmt::format("{} with {} (--windows): must be at most {} cases",
                              counted(sizes, "size"), counted(windows, "window"), kMaxCases));
}

void check_files(const TuneArguments& arguments) {
  if (arguments.profile == "-") {
    refuse("--profile",
           "'-' is not supported here; name a file, or print all figures with --json -");
  }
  check_output_name("--json", arguments.json, arguments.destination);
  if (arguments.profile == kProfileNone) return;
  if (arguments.profile != kProfileAuto) {
    check_output_name("--profile", arguments.profile, arguments.destination);
  }
  if (same_file(profile_path(arguments.profile), arguments.json)) {
    refuse("--json", "--profile and --json name the same file");
  }
}

}  // namespace

std::vector<std::string> join_lists(const std::vector<std::string>& words) {
  // The range is checked later, with all other values.
  const Check sizes = checked_list(bytes_from(0_B, kAnyBytes));
  const Check numbers = checked_list(count_from(0, kAnyBytes.value));
  std::vector<std::string> joined;
  for (std::size_t i = 0; i < words.size(); ++i) {
    joined.push_back(words[i]);
    const std::string option = words[i].substr(0, words[i].find('='));
    if (option == "--") {
      joined.insert(joined.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (option != kChunks && option != kWindows) continue;
    if (option == words[i] && i + 1 < words.size()) joined.push_back(words[++i]);
    const Check& check = option == kChunks ? sizes : numbers;
    for (; i + 1 < words.size(); ++i) {
      std::string digits = words[i + 1];
      if (!check(digits).empty()) break;
      joined.back() += "," + words[i + 1];
    }
  }
  return joined;
}

CLI::App& add_tune(CLI::App& app, TuneArguments& arguments) {
  CLI::App& command = *app.add_subcommand(
      "tune",
      "Measures chunk sizes and windows on these ranks and disks, and writes the best as a profile "
      "for scatter");
  command.footer(kTuneExamples + exit_codes_text());
  command
      .add_option("SOURCE-DIR", arguments.source_directory,
                  "Directory on the disk of your sources; the sample file is created there")
      ->required()
      ->check(not_empty);
  command
      .add_option("DEST", arguments.destination,
                  "Directory that your jobs write to; {rank} and {host} are replaced")
      ->required()
      ->check(not_empty);
  add_number(command, {"--size", "SIZE", "256MiB", "Bytes of the sample file"},
             bytes_from(1_B, kMaxSample),
             [&arguments](std::uint64_t value) { arguments.size = Bytes{value}; });
  add_cases(command, arguments);
  add_number(command,
             {"--repetitions", "UINT", std::to_string(arguments.repetitions),
              "How often each case is measured, 2 to 100"},
             count_from(2, kMaxRepetitions, "one alone shows no noise"),
             [&arguments](std::uint64_t value) {
               arguments.repetitions = static_cast<std::uint32_t>(value);
             });
  add_number(command,
             {"--budget", "TIME", "60",
              "Leave the rest out after so many seconds (or 500ms, 2m); 0: never"},
             to_milliseconds, [&arguments](std::uint64_t value) {
               arguments.budget = std::chrono::milliseconds{value};
             });
  command.add_flag("--fsync", arguments.fsync, "Measure what scatter --fsync does");
  add_file(command, "--profile", arguments.profile, FileUse::writes,
           "Write the profile to this file; auto: to its default path; none: to no file")
      .capture_default_str();
  add_report_options(command, arguments, "Write all figures to this file; - is standard output",
                     "Print a line for every measurement");
  read_from_environment(command);
  command.final_callback([&arguments] {
    if (const Outcome known = disk::check_pattern(arguments.destination); !known) {
      refuse("DEST", known.error().detail);
    }
    check_sample(arguments);
    check_cases(arguments);
    check_files(arguments);
  });
  return command;
}

}  // namespace mpiferry::cli

#include "cli/options/tune_options.hpp"

#include <algorithm>
#include <cstddef>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/options/option_values.hpp"
#include "cli/options/output_names.hpp"
#include "cli/output/units.hpp"
#include "cli/tune/profile.hpp"
#include "cli/tune/tuning_plan.hpp"
#include "engine/disk/descriptor_path.hpp"
#include "engine/disk/destination_pattern.hpp"
#include "engine/flow/sender.hpp"

namespace mpiferry::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  mpirun -n 5 mpiferry tune /data/sources '/local/{rank}'
  mpirun -n 5 mpiferry tune --fsync --budget 5m --size 1GiB /data/sources /scratch
  mpirun -n 5 mpiferry tune --chunks 1M,2M,4M --windows 4,8,16 --profile here.json . out/

Everything that it makes in SOURCE-DIR and DEST goes again; nothing else there is touched.)";

constexpr const char* kChunks = "--chunks";
constexpr const char* kWindows = "--windows";

constexpr std::uint64_t kMostRepetitions = 100;
constexpr std::size_t kMostCases = 1000;
// No chunks are large enough for a larger sample.
constexpr Bytes kMostBytes{kMaxChunks * kMaxChunkSize.value};

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
Check list_of(const Check& check) {
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

std::vector<std::uint64_t> values_of(const std::vector<std::string>& lists) {
  std::vector<std::uint64_t> values;
  for (const std::string& list : lists) {
    for (const std::string& part : parts_of(list)) values.push_back(std::stoull(part));
  }
  return values;
}

}  // namespace

std::vector<std::string> TuneParser::join_lists(const std::vector<std::string>& words) {
  // Whether they are in range is said later.
  const Check sizes = list_of(bytes_from(0_B, kAnyBytes));
  const Check numbers = list_of(count_from(0, kAnyBytes.value));
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

TuneParser::TuneParser(CLI::App& app, TuneArguments& arguments)
    : arguments_(arguments),
      command_(app.add_subcommand("tune",
                                  "Measures chunk sizes and windows on these ranks and disks, and "
                                  "writes the best as a profile for scatter")),
      size_(arguments.size.value),
      budget_(static_cast<std::uint64_t>(arguments.budget.count())) {
  command_->footer(kExamples);
  command_
      ->add_option("SOURCE-DIR", arguments.source_directory,
                   "Directory on the disk of your sources; a sample file is made there")
      ->required()
      ->check(not_empty);
  command_
      ->add_option("DEST", arguments.destination,
                   "Directory that your jobs write to; {rank} and {host} are replaced")
      ->required()
      ->check(not_empty);
  command_->add_option("--size", size_, "Bytes of the sample file")
      ->transform(CLI::Validator{bytes_from(1_B, kMostBytes), "", "size"})
      ->type_name("SIZE")
      ->default_str("256MiB");
  command_
      ->add_option(kChunks, chunk_sizes_,
                   "Chunk sizes to be measured, with commas or spaces between")
      ->transform(CLI::Validator{list_of(bytes_from(1_B, kMaxChunkSize)), "", "sizes"})
      ->allow_extra_args(false)
      ->type_name("SIZES")
      ->default_str("64K,256K,1M,4M");
  command_->add_option(kWindows, windows_, "Windows to be measured with each")
      ->transform(CLI::Validator{list_of(count_from(1, flow::kMaxWindow)), "", "numbers"})
      ->allow_extra_args(false)
      ->type_name("UINTS")
      ->default_str("2,8,32");
  command_
      ->add_option("--repetitions", arguments.repetitions,
                   "How often each case is measured, 2 to 100")
      ->transform(
          CLI::Validator{count_from(2, kMostRepetitions, "one alone shows no noise"), "", "number"})
      ->type_name("UINT")
      ->capture_default_str();
  command_
      ->add_option("--budget", budget_,
                   "Seconds (or 500ms, 2m) after which the rest is left out; 0: never")
      ->transform(CLI::Validator{to_milliseconds, "", "time"})
      ->type_name("TIME")
      ->default_str("60");
  command_->add_flag("--fsync", arguments.fsync, "Measure what scatter --fsync does");
  command_
      ->add_option("--profile", arguments.profile,
                   "Write the profile to this file; auto: to its default place; none: to no file")
      ->type_name("FILE")
      ->transform(disk::dash_for_standard_output)
      ->check(not_empty)
      ->capture_default_str();
  command_
      ->add_option("--json", arguments.json, "Write all figures to this file; - is standard output")
      ->type_name("FILE")
      ->transform(disk::dash_for_standard_output)
      ->check(not_empty);
  command_->add_flag("-q,--quiet", arguments.quiet, "Print nothing but errors");
  command_->add_flag("-v,--verbose", arguments.verbose, "A line for every measurement");
  name_in_environment(*command_);
}

bool TuneParser::chosen() const { return command_->parsed(); }

bool TuneParser::finish() {
  if (!chosen()) return false;
  arguments_.size = Bytes{size_};
  arguments_.budget = std::chrono::milliseconds{budget_};
  if (!chunk_sizes_.empty()) {
    arguments_.chunk_sizes.clear();
    for (const auto value : values_of(chunk_sizes_)) {
      arguments_.chunk_sizes.push_back({value});
    }
  }
  if (!windows_.empty()) {
    arguments_.windows.clear();
    for (const auto value : values_of(windows_)) {
      arguments_.windows.push_back(static_cast<std::uint32_t>(value));
    }
  }
  const auto refuse = [](const char* option, const std::string& why) {
    throw CLI::ValidationError{option, why};
  };
  if (const Outcome known = disk::check_pattern(arguments_.destination); !known) {
    refuse("DEST", known.error().detail);
  }
  // The default is measured as well, whatever --chunks says.
  const Bytes smallest = std::min(default_tuning(arguments_.fsync).chunk_size,
                                  std::ranges::min(arguments_.chunk_sizes));
  if (const Bytes most{kMaxChunks * smallest.value}; arguments_.size > most) {
    refuse("--size",
           fmt::format("{}: must be at most {}, which is {} chunks of {}, the smallest to be "
                       "measured (--chunks)",
                       option_bytes(arguments_.size), option_bytes(most), kMaxChunks,
                       option_bytes(smallest)));
  }
  const std::size_t sizes = arguments_.chunk_sizes.size();
  const std::size_t windows = arguments_.windows.size();
  if (sizes * windows > kMostCases) {
    refuse("--chunks", fmt::format("{} with {} (--windows): must be at most {} cases",
                                   counted(sizes, "size"), counted(windows, "window"), kMostCases));
  }
  if (arguments_.profile == "-") {
    refuse("--profile",
           "'-' is not supported here; name a file, or print all figures with --json -");
  }
  check_files();
  return true;
}

void TuneParser::check_files() const {
  check_output_name("--json", arguments_.json, arguments_.destination);
  const bool at_default_place = arguments_.profile == kProfileAuto;
  if (arguments_.profile == kProfileNone) return;
  if (!at_default_place) {
    check_output_name("--profile", arguments_.profile, arguments_.destination);
  }
  const std::string profile = at_default_place ? default_profile_path() : arguments_.profile;
  if (same_file(profile, arguments_.json)) {
    throw CLI::ValidationError{"--json", "--profile and --json name the same file"};
  }
}

}  // namespace mpiferry::cli

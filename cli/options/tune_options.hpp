// The command line of `mpiferry tune`.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/options/common_options.hpp"
#include "cli/options/profile_path.hpp"
#include "engine/base/units.hpp"

namespace mpiferry::cli {

struct TuneArguments : CommandArguments {
  std::string source_directory;
  std::string destination;  // may contain {rank} and {host}
  Bytes size = 256_MiB;     // of the sample
  std::vector<Bytes> chunk_sizes = {64_KiB, 256_KiB, 1_MiB, 4_MiB};
  std::vector<std::uint32_t> windows = {2, 8, 32};
  std::uint32_t repetitions = 3;             // 2 .. 100
  std::chrono::milliseconds budget{60'000};  // 0: as long as it takes
  bool fsync = false;
  std::string profile{kProfileAuto};  // a file, kProfileAuto or kProfileNone
};

// As add_scatter().
CLI::App& add_tune(CLI::App& app, TuneArguments& arguments);

// "--chunks 64K 1M" as "--chunks 64K,1M": the words after such an option that can be values.
std::vector<std::string> join_lists(const std::vector<std::string>& words);

}  // namespace mpiferry::cli

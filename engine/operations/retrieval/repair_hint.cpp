#include "engine/operations/retrieval/repair_hint.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "engine/base/path.hpp"
#include "engine/disk/destination_failure.hpp"

namespace mpiferry::operations {
namespace {

// Whether the scatter's ranks wrote to directories of their own, and only one was named.
std::string named_one_of_several(const wire::Manifest& manifest, const std::string& directory) {
  if (directory.find('{') != std::string::npos) return {};
  const auto& workers = manifest.workers;
  const bool by_rank = std::ranges::all_of(workers, [](const wire::Manifest::Worker& worker) {
    return last_name(worker.directory) == std::to_string(worker.rank.value);
  });
  if (by_rank && last_name(directory) == "0") {
    std::string pattern{without_slashes(directory)};
    pattern.replace(pattern.size() - 1, 1, "{rank}");
    return "the scatter's ranks wrote to directories of their own: name DIR as " +
           mpiferry::quoted(pattern);
  }
  std::set<std::string_view> directories;
  for (const wire::Manifest::Worker& worker : workers) directories.insert(worker.directory);
  if (directories.size() < 2) return {};
  return "the scatter's ranks wrote to directories of their own, as " +
         mpiferry::quoted(workers.front().directory) +
         ": name DIR as scatter was told, with {rank} or {host}";
}

}  // namespace

// ENXIO is what a socket says; 0: it was opened, and is none.
bool is_no_file(const Discrepancy& discrepancy) noexcept {
  constexpr auto kErrors = std::to_array({0, EISDIR, ELOOP, ENXIO});
  return discrepancy.call == "open" &&
         std::ranges::find(kErrors, discrepancy.system_errno) != kErrors.end();
}

RepairHint repair_hint(const Discrepancy& discrepancy, const wire::Manifest& manifest,
                       const std::string& directory) {
  // scatter replaces nothing that no job has made.
  if (is_no_file(discrepancy)) {
    return {.first = fmt::format("no job has made {}: move it away",
                                 mpiferry::quoted(discrepancy.path))};
  }
  std::string other;
  if (discrepancy.kind == Discrepancy::Kind::missing) {
    other = named_one_of_several(manifest, directory);
  } else if (discrepancy.system_errno != 0) {
    other = disk::stored_failure(discrepancy.path, discrepancy.call, discrepancy.system_errno).hint;
  }
  const bool from_source = other.empty();
  return {.first = std::move(other), .from_source = from_source};
}

// With other chunks nothing would be kept.
std::string repair_from_source(const wire::Manifest& manifest) {
  return fmt::format("scatter `resume` `layout` {} `chunk_size` {} repairs it from the source",
                     wire::layout_name(manifest.layout), manifest.chunk_size.value);
}

}  // namespace mpiferry::operations

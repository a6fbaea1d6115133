// Where the files of a scatter are looked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/units.hpp"
#include "engine/wire/retrieval.hpp"

namespace mpiferry::operations {

// The distinct directories that the user's "parts/{host}/{rank}" means for the workers of the
// scatter, numbered in the order of their ranks; the same on every rank. What a manifest says of
// directories is not asked.
class DestinationMap {
 public:
  DestinationMap(const std::string& pattern, const std::vector<wire::RetrievalJob::Hosts>& hosts);

  // Of the scatter.
  std::uint32_t workers() const noexcept { return static_cast<std::uint32_t>(of_.size()); }
  std::uint32_t directories() const noexcept { return static_cast<std::uint32_t>(paths_.size()); }
  const std::string& path(std::uint32_t directory) const { return paths_[directory]; }
  std::uint32_t directory_of(Rank worker) const {
    return of_[static_cast<std::size_t>(worker.value) - 1];
  }

 private:
  std::vector<std::string> paths_;
  std::vector<std::uint32_t> of_;  // worker r at r - 1
};

}  // namespace mpiferry::operations

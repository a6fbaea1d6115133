#include "engine/operations/retrieval/destination_map.hpp"

#include <unordered_map>

#include "engine/disk/destination_pattern.hpp"

namespace mpiferry::operations {

DestinationMap::DestinationMap(const std::string& pattern,
                               const std::vector<wire::RetrievalJob::Hosts>& hosts) {
  std::unordered_map<std::string, std::uint32_t> known;
  Rank worker{1};
  for (const auto& [host, workers] : hosts) {
    for (std::uint32_t i = 0; i < workers; ++i, ++worker.value) {
      std::string path = disk::expand_destination(pattern, worker, host);
      const auto [found, is_new] = known.try_emplace(path, directories());
      if (is_new) paths_.push_back(std::move(path));
      of_.push_back(found->second);
    }
  }
}

}  // namespace mpiferry::operations

// Where the bytes of a scattered source lie on simulated disks, written down a second time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/units.hpp"
#include "tests/simulation/disks.hpp"
#include "tests/simulation/scenario.hpp"

namespace mpiferry::simulation {

class LayoutReader {
 public:
  LayoutReader(const Scenario& scenario, const Disks& disks, const std::string& source)
      : it_(scenario), disks_(disks), source_(source) {}

  Rank owner_of(std::uint64_t chunk) const noexcept {
    return Rank{static_cast<int>(chunk % it_.workers + 1)};
  }
  std::string directory_of(Rank rank) const;

  // Whether `worker` has the chunk as it is in the source, be its file finished or not; `durable`:
  // and would have it after a power cut.
  bool has(Rank worker, std::uint64_t chunk, bool durable) const;
  // Whether the file is one of a layout's, and the source's bytes lie in it; nothing of others.
  std::optional<bool> is_right(std::string_view path) const;
  bool has_manifest() const {
    return disks_.of(kMaster).exists(directory_of(kMaster) + "/manifest.json");
  }
  // Whether what has the final name of a file with many chunks of this worker, if it is there, is
  // right.
  bool final_file_is_right(Rank worker) const;
  // Whether everything is in finished files, and a manifest beside them.
  bool is_whole() const;

 private:
  std::string_view bytes_of(std::uint64_t chunk) const;
  bool lies_at(Rank worker, const std::string& path, std::uint64_t offset, std::uint64_t chunk,
               bool durable) const;
  bool is_right_stripe(Rank worker, std::string_view path) const;
  bool somebody_has(std::uint64_t chunk) const;

  const Scenario& it_;
  const Disks& disks_;
  const std::string& source_;
};

}  // namespace mpiferry::simulation

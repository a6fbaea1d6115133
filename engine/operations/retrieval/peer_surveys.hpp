// What every rank has told of the files that it sees.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/clock/clock.hpp"
#include "engine/plan/chunk_locations.hpp"
#include "engine/wire/retrieval.hpp"

namespace mpiferry::operations {

// Not thread-safe.
class PeerSurveys {
 public:
  PeerSurveys(std::uint32_t workers, bool spare_master)
      : surveys_(workers), locations_(workers + 1, spare_master) {}

  // What rank 0 sees itself.
  void add_own(const wire::SeenChunks& seen, std::uint64_t chunks) {
    locations_.add(kMaster, seen, chunks);
  }
  void add_own(wire::ExtraFiles extras) { extras_.emplace_back(kMaster, std::move(extras)); }

  // A worker's message; they may come in any order. unexpected_message or bad_field if it cannot
  // be. `chunks`: of the source.
  Outcome add(Rank from, wire::SeenChunks seen, std::uint64_t chunks);
  Outcome add(Rank from, wire::ExtraFiles extras, std::uint64_t chunks);

  // Every worker has told all.
  bool complete() const noexcept;
  // Those that have not after so long a time since the first call.
  std::vector<Rank> silent(clock::Time now, clock::Duration patience);

  const plan::ChunkLocations& locations() const noexcept { return locations_; }
  using Extras = std::vector<std::pair<Rank, wire::ExtraFiles>>;
  const Extras& extras() const noexcept { return extras_; }

 private:
  struct Survey {
    std::uint32_t all = 0;  // messages; 0: not known yet
    std::uint32_t received = 0;
    std::vector<wire::SeenChunks> seen;  // until all have come
    bool complete() const noexcept { return all != 0 && received == all; }
  };
  Survey& survey_of(Rank worker) { return surveys_[static_cast<std::size_t>(worker.value) - 1]; }
  bool count(Rank from, wire::Part part);
  Outcome take_seen(Rank from, std::uint64_t chunks);

  std::vector<Survey> surveys_;  // of worker r at r - 1
  plan::ChunkLocations locations_;
  Extras extras_;
  std::optional<clock::Time> waiting_since_;
};

}  // namespace mpiferry::operations

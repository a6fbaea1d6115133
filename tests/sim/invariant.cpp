#include "tests/sim/invariant.hpp"

#include <array>

namespace mpiferry::sim {

std::string_view invariant_name(Invariant invariant) noexcept {
  static constexpr std::array<std::string_view, kInvariants> kNames{
      "acknowledged_is_on_disk",
      "visible_is_finished",
      "manifest_comes_last",
      "lent_is_untouched",
      "credit",
      "chunks_find_a_receive",
      "memory",
      "job_ends",
      "patience",
      "verdict_is_explained",
      "first_failure_wins",
      "nothing_after_the_end",
      "everything_is_moved",
      "counters_agree",
      "stalls_are_real",
      "resends_are_asked_for",
      "failed_end_stops_work",
      "kept_is_there",
      "held_is_kept",
  };
  return kNames[static_cast<std::size_t>(invariant)];
}

}  // namespace mpiferry::sim

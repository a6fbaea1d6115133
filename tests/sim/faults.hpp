// What may go wrong, when it does in this run, and what did.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/base/units.hpp"
#include "tests/sim/world.hpp"

namespace mpiferry::sim {

enum class Fault : std::uint8_t {
  // on the wire
  payload_damaged,   // of a third of the chunks, in their first `size` attempts
  header_damaged,    // of a chunk
  chunk_duplicated,  // the copies take their own time
  acks_damaged,      // anywhere in the message
  acks_duplicated,
  control_damaged,
  message_cut,    // a control message ends early
  stray_message,  // a control message of another job comes as well
  // ranks
  worker_stopped,  // for a while
  worker_stuck,    // for ever: no signal is heard either
  worker_lost,     // dead, and the launcher leaves the others alone
  worker_cut_off,  // the same, and its disk keeps only what was synced
  master_stopped,
  master_lost,
  job_torn_down,  // a rank dies, and the launcher kills the others
  one_interrupted,
  all_interrupted,
  // disks
  disk_full,  // less than a chunk fits
  disk_error,
  short_write,
  disk_slow,  // `size` times slower from now on
  disk_stuck,
  destination_refused,  // before the first chunk
  preparation_slow,
  // the source
  source_missing,
  source_read_failed,
  source_changed,  // other bytes, same size
  source_shrank,
  source_grew,
  stream_paused,
  stream_silent,  // it neither goes on nor ends
  // no fault of anyone's: whoever waited for ever was interrupted by the user
  user_gave_up,
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::user_gave_up) + 1;
using FaultSet = std::bitset<kFaults>;

std::string_view fault_name(Fault fault) noexcept;

// What a fault waits for: each kind counts events of one kind.
enum class Occasion : std::uint8_t { chunk, acks, control, message, write, read, preparation };
Occasion occasion_of(Fault fault) noexcept;

// One fault of a scenario: it strikes at the `at`-th occasion (from 0) at `rank`.
struct Plan {
  Fault fault;
  Rank rank = kNoRank;  // kNoRank: any
  std::uint64_t at = 0;
  std::uint64_t repeat = 1;  // at so many occasions in a row
  std::uint64_t size = 1;    // how bad it is; what that means depends on the fault
  Duration length{};
};

// Not thread-safe.
class Faults {
 public:
  explicit Faults(std::vector<Plan> plans) : plans_(std::move(plans)), seen_(plans_.size()) {}

  // An occasion at `rank`: calls `strike` with each plan whose time has come.
  template <class Strike>
  void on(Occasion occasion, Rank rank, Strike strike) {
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      const Plan& plan = plans_[i];
      if (occasion_of(plan.fault) != occasion) continue;
      // What waits for a message names whom it strikes, not whose message it waits for.
      if (occasion != Occasion::message && plan.rank != kNoRank && plan.rank != rank) continue;
      const std::uint64_t seen = seen_[i]++;
      if (seen >= plan.at && seen - plan.at < plan.repeat) strike(plan);
    }
  }

  void happened(Fault fault) { happened_.set(static_cast<std::size_t>(fault)); }
  bool has(Fault fault) const { return happened_.test(static_cast<std::size_t>(fault)); }
  const FaultSet& all() const noexcept { return happened_; }
  const std::vector<Plan>& plans() const noexcept { return plans_; }

  // Whether something that happened can end a job with `verdict`. What the auditor counts for
  // itself (chunk_corrupt, worker_stalled) needs more than this.
  bool explain(Errc verdict) const noexcept;

 private:
  std::vector<Plan> plans_;
  std::vector<std::uint64_t> seen_;  // occasions, by plan
  FaultSet happened_;
};

}  // namespace mpiferry::sim

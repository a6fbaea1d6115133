#include "engine/job/fault_player.hpp"

#include <chrono>
#include <thread>

#include <fmt/format.h>

namespace mpiferry::job {

Outcome check_faults(const wire::Faults& faults, std::uint32_t workers) {
  if (faults == wire::Faults{}) return Nothing{};
  if (workers == 0) {
    return Failure{.code = Errc::invalid_argument,
                   .detail = "`faults`: workers play faults, and one rank alone has none",
                   .hint = "start it with mpirun -n 2 or more"};
  }
  if (faults.stall_rank.value > static_cast<int>(workers)) {
    return Failure{.code = Errc::invalid_argument,
                   .detail = fmt::format("`faults` stall={}: the last worker is rank {}",
                                         faults.stall_rank.value, workers)};
  }
  return Nothing{};
}

void FaultPlayer::play(ChunkIndex chunk, std::span<std::byte> payload) {
  ++passed_;
  if (faults_.stall_rank == self_ && passed_ > faults_.stall_after) {
    // Stuck as in a write to a dead file server: not even signals are heard.
    for (;;) std::this_thread::sleep_for(std::chrono::hours{1});
  }
  if (faults_.corrupt_every != 0 && passed_ % faults_.corrupt_every == 0 &&
      (faults_.corrupt_first == 0 || flipped_ < faults_.corrupt_first) && !payload.empty()) {
    ++flipped_;
    payload[chunk.value % payload.size()] ^= std::byte{1};
  }
}

}  // namespace mpiferry::job

#include "engine/roles/fault_player.hpp"

#include <chrono>
#include <thread>

namespace mpiferry::roles {

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

}  // namespace mpiferry::roles

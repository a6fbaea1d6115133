// A worker's answers on their way: engine/operations/scatter/ack_sender.* without MPI.
#pragma once

#include <cstdint>
#include <functional>

#include "engine/protocol/receiver.hpp"
#include "tests/sim/buffer.hpp"
#include "tests/sim/setting.hpp"

namespace mpiferry::sim {

class AckSender {
 public:
  // `on_sent`: a message has left, or (false) cannot.
  AckSender(const Setting& setting, Rank self, std::uint32_t window, std::uint64_t job_id,
            std::function<void(bool)> on_sent);

  void give(const wire::Ack& ack);
  bool idle() const noexcept { return batch_.empty() && pool_.in_use() == 0; }
  std::uint64_t messages() const noexcept { return messages_; }

 private:
  void send();

  Setting setting_;
  Rank self_;
  std::uint64_t job_id_;
  std::function<void(bool)> on_sent_;
  protocol::AckBatch batch_;
  Pool pool_;
  bool flush_posted_ = false;
  std::uint64_t messages_ = 0;
};

}  // namespace mpiferry::sim

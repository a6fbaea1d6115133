// What a worker holds already, looked at and told: engine/operations/scatter/resumption.cpp with
// events.
#pragma once

#include <cstdint>
#include <functional>

#include "engine/protocol/receiver.hpp"
#include "engine/protocol/worker_fsm.hpp"
#include "engine/wire/held_chunks_message.hpp"
#include "engine/wire/job.hpp"
#include "tests/sim/buffer.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/setting.hpp"

namespace mpiferry::sim {

// Not thread-safe.
class Stocktaking {
 public:
  // `on_change` is called when all is told, and when a report has been sent, or could not be.
  Stocktaking(const Setting& setting, Rank self, Disk& disk, const wire::Job& job,
              std::uint64_t job_id, const protocol::WorkerFsm& fsm, protocol::Receiver& receiver,
              std::function<void(bool sent)> on_change);

  void begin() { go_on(); }
  // All is looked at and told, or nobody wants to know.
  bool idle() const noexcept { return over_ && reports_.in_use() == 0; }

 private:
  void go_on();
  void look();
  bool due() const;
  bool report();

  Setting setting_;
  Rank self_;
  Disk& disk_;
  const wire::Job& job_;
  std::uint64_t job_id_;
  const protocol::WorkerFsm& fsm_;
  protocol::Receiver& receiver_;
  std::function<void(bool sent)> on_change_;
  Pool reports_;
  wire::HeldChunksMessage held_chunks_;
  std::uint64_t most_;
  std::uint64_t gap_ = 0;
  Time reported_;
  bool waiting_ = false;  // for a report to leave
  bool over_ = false;
};

}  // namespace mpiferry::sim

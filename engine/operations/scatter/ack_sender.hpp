// The worker's answers on their way: batched while the wire is busy, at once when it is not.
#pragma once

#include <cstdint>

#include "engine/base/buffer_pool.hpp"
#include "engine/job/control.hpp"
#include "engine/job/worker_half.hpp"
#include "engine/protocol/receiver.hpp"

namespace mpiferry::operations {

// Not thread-safe. Must outlive what it sends.
class AckSender {
 public:
  // `context` outlives it; its `changed` is notified when an ack message has left.
  AckSender(const job::WorkerContext& context, std::uint32_t window);

  // Leaves with the next message: at once if a part of the window waits already, else after
  // everything that is ready to run now, so that neighbours can share it.
  void give(const wire::Ack& ack);
  bool idle() const noexcept { return batch_.empty() && pool_.in_use() == 0; }
  std::uint64_t messages() const noexcept { return messages_; }

 private:
  struct Flush {
    AckSender* self;
    void operator()() const;
  };
  struct Sent {
    AckSender* self;
    void operator()(const job::ErrorCode& error, job::Completion completion) const;
  };
  void send();

  const job::WorkerContext& context_;
  protocol::AckBatch batch_;
  BufferPool pool_;
  bool flush_posted_ = false;
  std::uint64_t messages_ = 0;
};

}  // namespace mpiferry::operations

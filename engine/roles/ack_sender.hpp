// The worker's answers on their way: batched while the wire is busy, at once when it is not.
#pragma once

#include <cstdint>

#include "engine/base/buffer_pool.hpp"
#include "engine/mpi/mpi_context.hpp"
#include "engine/protocol/receiver.hpp"
#include "engine/roles/control.hpp"
#include "engine/roles/task.hpp"

namespace mpiferry::roles {

class AckSender {
 public:
  // `changed` is notified when an ack message has left.
  AckSender(mpi::MpiContext& context, const mpi::Communicator& communicator, std::uint32_t window,
            std::uint64_t job_id, Event& changed, ControlSender::OnError on_error);

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
    void operator()(const mpi::ErrorCode& error, mpi::Completion completion) const;
  };
  void send();

  mpi::MpiContext& context_;
  const mpi::Communicator& communicator_;
  std::uint64_t job_id_;
  Event& changed_;
  ControlSender::OnError on_error_;
  protocol::AckBatch batch_;
  BufferPool pool_;
  bool flush_posted_ = false;
  std::uint64_t messages_ = 0;
};

}  // namespace mpiferry::roles

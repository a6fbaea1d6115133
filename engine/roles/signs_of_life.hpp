// The master's sign of life to its workers, so that they can tell one that is busy from one that is
// lost.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "engine/base/buffer_pool.hpp"
#include "engine/base/failure.hpp"
#include "engine/mpi/mpi_context.hpp"
#include "engine/protocol/clock.hpp"

namespace mpiferry::roles {

// Not thread-safe. Must outlive the messages that it has sent.
class SignsOfLife {
 public:
  using OnError = std::function<void(Failure)>;

  // `stall_timeout`: how long the workers wait for the master; 0: for ever.
  SignsOfLife(mpi::MpiContext& context, const mpi::Communicator& communicator, std::uint64_t job_id,
              protocol::Duration stall_timeout, OnError on_error);

  // To be called often: tells every worker when it is time, but for those that have not taken the
  // last one yet. A worker that takes nothing gets no heap of them.
  void give(protocol::Time now);

 private:
  struct Sent {
    SignsOfLife* self;
    Rank to;
    void operator()(const mpi::ErrorCode& error, mpi::Completion completion) const;
  };

  mpi::MpiContext& context_;
  const mpi::Communicator& communicator_;
  std::uint64_t job_id_;
  protocol::Duration interval_;
  OnError on_error_;
  std::optional<protocol::Time> last_;
  std::optional<BufferPool> messages_;  // few jobs last so long that they need any
  std::vector<bool> under_way_;         // by rank
};

}  // namespace mpiferry::roles

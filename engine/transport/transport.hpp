// The seam between what a job decides and how its messages travel.
//
// One rank's end of the network of one job. MPI implements it (engine/mpi/mpi_transport.hpp), and
// so does the simulator, which runs the same code on a network of its own.
//
//   auto op = transport.irecv(std::move(lease), kMaster, 11);
//   auto [error, completion] = co_await async_wait(transport, op, as_tuple(use_awaitable));
#pragma once

#include <cstddef>
#include <cstdint>

#include <boost/asio/io_context.hpp>

#include "engine/base/buffer_pool.hpp"
#include "engine/base/units.hpp"
#include "engine/transport/arena.hpp"
#include "engine/transport/async_wait.hpp"
#include "engine/transport/operation.hpp"
#include "engine/transport/wait_operation.hpp"

namespace mpiferry::transport {

inline constexpr Rank kAnyRank{-2};

// Not thread-safe: everything is called from the thread that runs io().
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  virtual boost::asio::io_context& io() noexcept = 0;
  virtual Rank rank() const noexcept = 0;
  // Ranks, the master included.
  virtual int size() const noexcept = 0;

  // Sends the lease's header and the first `payload_bytes` of its payload. The lease stays here
  // until it is not needed any more, then goes to whoever waits. Failures to start are reported by
  // async_wait as well.
  virtual Operation isend(Lease lease, std::size_t payload_bytes, Rank to, int tag) = 0;
  // Receives up to a whole buffer, header and payload. `from` may be kAnyRank. Messages of one
  // sender with one tag are given to receives in the order in which these were posted.
  virtual Operation irecv(Lease lease, Rank from, int tag) = 0;

  // Asks for the early end of an operation; the outcome comes to its handler.
  // A receive is cancelled: its handler gets operation_aborted, or the message if that was faster.
  // A send cannot be taken back: its wait is detached and gets operation_aborted at once; the
  // lease stays here until it is not needed any more.
  virtual void cancel(Operation operation) = 0;

  // Sends and receives that have not completed.
  virtual std::size_t outstanding() const noexcept = 0;
  // How often it has asked the network for news.
  virtual std::uint64_t polls() const noexcept = 0;

  // For async_wait: calls `waiting` when the operation has completed, never from within this call.
  // Each operation is waited for once.
  virtual void wait(Operation operation, WaitOperation& waiting) = 0;
  virtual Arena& arena() noexcept = 0;

 private:
  friend class BusyGuard;
  virtual void begin_busy() noexcept = 0;
  virtual void end_busy() noexcept = 0;
};

// While one lives, polls that find nothing do not back off: its owner has work to do and only gives
// the others their turn. To yield the core then would stop that work, not a spin.
class BusyGuard {
 public:
  explicit BusyGuard(Transport& transport) : transport_(transport) { transport_.begin_busy(); }
  BusyGuard(const BusyGuard&) = delete;
  BusyGuard& operator=(const BusyGuard&) = delete;
  ~BusyGuard() { transport_.end_busy(); }

 private:
  Transport& transport_;
};

}  // namespace mpiferry::transport

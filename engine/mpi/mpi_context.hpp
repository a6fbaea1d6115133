// MPI requests as Asio operations.
//
// A service of one io_context, which one thread runs: the thread that initialised MPI. It owns
// every outstanding request together with the lease of the bytes that MPI may still touch, tests
// them all with one MPI_Testsome a visit, and posts what completed to the handlers that wait. No
// user code runs inside the poller. docs/internals/event-loop.md tells how and why.
//
//   auto& mpi = asio::use_service<MpiContext>(io);
//   auto op = mpi.irecv(communicator, std::move(lease), kMaster, 11);
//   auto [error, completion] = co_await async_wait(mpi, op, as_tuple(use_awaitable));
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "engine/base/buffer_pool.hpp"
#include "engine/base/units.hpp"
#include "engine/mpi/backoff.hpp"
#include "engine/mpi/communicator.hpp"
#include "engine/mpi/error.hpp"
#include "engine/mpi/request_table.hpp"
#include "engine/transport/arena.hpp"
#include "engine/transport/async_wait.hpp"
#include "engine/transport/completion.hpp"
#include "engine/transport/transport.hpp"

namespace mpiferry::mpi {

using transport::async_wait;
using transport::Completion;
using transport::kAnyRank;
using transport::Operation;

// Not thread-safe: everything is called from the thread that runs the io_context.
class MpiContext : public boost::asio::execution_context::service {
 public:
  using key_type = MpiContext;
  inline static boost::asio::execution_context::id id;

  explicit MpiContext(boost::asio::io_context& io);
  ~MpiContext() override = default;

  boost::asio::io_context& io() noexcept { return io_; }

  // How to wait from now on. Without it: as if every rank had a core.
  void set_backoff(BackoffLimits limits) noexcept { backoff_ = Backoff{limits}; }

  // Starts MPI_Isend of the lease's header and the first `payload_bytes` of its payload. The lease
  // stays here until MPI is done with it, then goes to whoever waits. Failures to start are
  // reported by async_wait as well. So is a message of more than INT_MAX bytes.
  Operation isend(const Communicator& communicator, Lease lease, std::size_t payload_bytes, Rank to,
                  int tag);
  // Starts MPI_Irecv of up to a whole buffer, header and payload. `from` may be kAnyRank.
  Operation irecv(const Communicator& communicator, Lease lease, Rank from, int tag);

  // Asks for the early end of an operation; the outcome comes to its handler.
  // A receive is cancelled: its handler gets operation_aborted, or the message if that was faster.
  // A send cannot be taken back: its wait is detached and gets operation_aborted at once; the
  // lease stays here until MPI is done with it.
  void cancel(Operation operation);
  // Nobody will wait for this operation. Its lease is given back when MPI is done with it.
  void detach(Operation operation);

  // Between the two, visits that complete nothing do not back off (transport::BusyGuard). They
  // nest.
  void begin_busy() noexcept;
  void end_busy() noexcept { --busy_; }

  // Requests that MPI has not completed.
  std::size_t outstanding() const noexcept { return table_.size(); }
  // MPI_Testsome calls so far.
  std::uint64_t tests() const noexcept { return tests_; }
  // Naps begun so far.
  std::uint64_t naps() const noexcept { return naps_; }

  // For async_wait.
  void wait(Operation operation, transport::WaitOperation& waiting);
  transport::Arena& arena() noexcept { return arena_; }

 private:
  struct Slot {
    Completion completion;  // its lease is the one MPI works on
    transport::WaitOperation* waiting = nullptr;
    ErrorCode error;
    bool receive = false;
    bool detached = false;
  };
  struct Visit {  // the poller's turn
    MpiContext* context;
    void operator()() const { context->visit(); }
    void operator()(const ErrorCode&) const { context->visit(); }
  };

  void shutdown() override;
  Operation take_slot(Lease lease, Rank peer, int tag, const char* call, bool receive);
  Operation start(Operation operation, int mpi_result, MPI_Request request);
  void collect(Operation operation);
  enum class Tested : std::uint8_t { nothing, moved, completed };
  Tested test();
  void fail_all(ErrorCode error);
  void arm();
  void visit();

  boost::asio::io_context& io_;
  transport::Arena arena_;
  RequestTable table_;
  std::vector<Slot> slots_;  // by slot number of the table
  Backoff backoff_;
  ProgressDetector progress_detector_;
  boost::asio::steady_timer nap_;
  bool armed_ = false;  // a visit is posted, or a nap ends in one
  bool napping_ = false;
  std::uint32_t busy_ = 0;
  ErrorCode broken_;  // MPI_Testsome itself failed: there is no use in going on
  std::uint64_t tests_ = 0;
  std::uint64_t naps_ = 0;
};

}  // namespace mpiferry::mpi

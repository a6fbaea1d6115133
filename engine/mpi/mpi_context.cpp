#include "engine/mpi/mpi_context.hpp"

#include <cassert>
#include <chrono>
#include <memory>
#include <sched.h>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "engine/mpi/count.hpp"

namespace mpiferry::mpi {
namespace asio = boost::asio;
using transport::ArenaAllocator;
using transport::WaitOperation;
namespace {

// Requests before the arrays have to grow: rank 0 with the widest default window and 15 workers.
constexpr std::size_t kReserve = 1024;
// Yields of one idle visit, a test after each: they share the visit's epoll_wait.
constexpr int kYieldsPerVisit = 4;
// How long the end of the io_context waits for receives to cancel and sends to leave.
constexpr std::chrono::milliseconds kShutdownPatience{200};

// Buffers that MPI may still read or write for as long as the process lives, so they are never
// freed: neither at the end of a context nor at that of the process, but reachable for leak
// checkers.
template <class T>
std::vector<std::vector<T>>& leaked_buffers() {
  using Buffers = std::vector<std::vector<T>>;
  alignas(Buffers) static std::byte storage[sizeof(Buffers)];
  static Buffers* const buffers = std::construct_at(reinterpret_cast<Buffers*>(storage));
  return *buffers;
}

}  // namespace

MpiContext::MpiContext(asio::io_context& io) : service(io), io_(io), table_(kReserve), nap_(io) {
  slots_.reserve(kReserve);
}

Operation MpiContext::isend(const Communicator& communicator, Lease lease,
                            std::size_t payload_bytes, Rank to, int tag) {
  const auto message = lease.message(payload_bytes);
  const auto count = to_mpi_count(message.size());
  const Operation operation = take_slot(std::move(lease), to, tag, "MPI_Isend", false);
  MPI_Request request = MPI_REQUEST_NULL;
  const int result = count ? MPI_Isend(message.data(), *count, MPI_BYTE, to.value, tag,
                                       communicator.native(), &request)
                           : MPI_ERR_COUNT;
  return start(operation, result, request);
}

Operation MpiContext::irecv(const Communicator& communicator, Lease lease, Rank from, int tag) {
  const auto message = lease.message();
  const auto count = to_mpi_count(message.size());
  const Operation operation = take_slot(std::move(lease), from, tag, "MPI_Irecv", true);
  MPI_Request request = MPI_REQUEST_NULL;
  const int source = from == kAnyRank ? MPI_ANY_SOURCE : from.value;
  const int result = count ? MPI_Irecv(message.data(), *count, MPI_BYTE, source, tag,
                                       communicator.native(), &request)
                           : MPI_ERR_COUNT;
  return start(operation, result, request);
}

// All that is to be kept is written before MPI is called. Nothing can then fail while MPI has the
// buffer; and an eager MPI_Isend leaves the processor with a kilobyte of stores to lines that the
// other rank's core holds, behind which what reads back its own stores has to wait (bench_engine, 1
// KiB, an EPYC: a seventh of rank 0's samples on one instruction).
Operation MpiContext::take_slot(Lease lease, Rank peer, int tag, const char* call, bool receive) {
  const Operation operation = table_.take();
  if (slots_.size() <= operation.slot) slots_.resize(operation.slot + std::size_t{1});
  Slot& slot = slots_[operation.slot];
  assert(slot.waiting == nullptr && !slot.error && !slot.detached);  // collect() left it so
  slot.completion.peer = peer;
  slot.completion.tag = tag;
  slot.completion.lease = std::move(lease);
  slot.completion.call = call;
  slot.receive = receive;
  return operation;
}

Operation MpiContext::start(Operation operation, int mpi_result, MPI_Request request) {
  if (mpi_result == MPI_SUCCESS) {
    table_.start(operation, request);
  } else {
    slots_[operation.slot].error = to_error_code(mpi_result);
  }
  // What was started will want an answer soon.
  backoff_.reset();
  if (napping_) {
    nap_.cancel();
  } else {
    arm();
  }
  return operation;
}

// Hands the outcome of a completed operation to whoever waits and forgets the operation. Without a
// handler it is kept until there is one.
void MpiContext::collect(Operation operation) {
  Slot& slot = slots_[operation.slot];
  if (slot.waiting == nullptr && !slot.detached) return;
  WaitOperation* waiting = std::exchange(slot.waiting, nullptr);
  Completion completion = std::move(slot.completion);
  const ErrorCode error = slot.error;
  slot = Slot{};
  table_.release(operation);
  if (waiting != nullptr) waiting->complete(arena_, error, std::move(completion));
}

void MpiContext::wait(Operation operation, WaitOperation& waiting) {
  assert(table_.contains(operation) && slots_[operation.slot].waiting == nullptr);
  slots_[operation.slot].waiting = &waiting;
  if (!table_.active(operation)) {
    collect(operation);
  } else if (broken_) {
    fail_all(broken_);
  }
}

void MpiContext::begin_busy() noexcept {
  ++busy_;
  if (napping_) nap_.cancel();
}

void MpiContext::cancel(Operation operation) {
  if (!table_.active(operation)) return;  // its outcome is on its way
  Slot& slot = slots_[operation.slot];
  if (slot.receive) {
    table_.cancel(operation.slot);  // MPI_Testsome reports how it ended
    return;
  }
  slot.detached = true;
  if (WaitOperation* waiting = std::exchange(slot.waiting, nullptr); waiting != nullptr) {
    waiting->complete(arena_, asio::error::operation_aborted,
                      {.peer = slot.completion.peer, .tag = slot.completion.tag, .lease = {}});
  }
}

void MpiContext::detach(Operation operation) {
  if (!table_.contains(operation)) return;
  slots_[operation.slot].detached = true;
  if (!table_.active(operation)) collect(operation);
}

MpiContext::Tested MpiContext::test() {
  using Clock = std::chrono::steady_clock;
  int result = MPI_SUCCESS;
  ++tests_;
  const std::size_t requests = table_.size();
  const auto began = Clock::now();
  const auto tested = table_.test_some(&result);
  if (result != MPI_SUCCESS && result != MPI_ERR_IN_STATUS) {
    fail_all(to_error_code(result));
    return Tested::completed;
  }
  for (const TestedRequest& request : tested) {
    Slot& slot = slots_[request.id.slot];
    Completion& completion = slot.completion;
    completion.call = "MPI_Testsome";
    slot.error = to_error_code(request.mpi_result);
    if (slot.receive && slot.error && completion.peer == kAnyRank) {
      // A message that was too long has a sender; of other errors the status need not know one.
      int error_class = MPI_SUCCESS;
      MPI_Error_class(request.mpi_result, &error_class);
      if (error_class == MPI_ERR_TRUNCATE) completion.peer = Rank{request.status.MPI_SOURCE};
    }
    if (slot.receive && !slot.error) {
      int cancelled = 0;
      MPI_Test_cancelled(&request.status, &cancelled);
      if (cancelled != 0) {
        slot.error = asio::error::operation_aborted;
      } else {
        int count = 0;
        MPI_Get_count(&request.status, MPI_BYTE, &count);
        completion.bytes = static_cast<std::size_t>(count);
        completion.peer = Rank{request.status.MPI_SOURCE};
        completion.tag = request.status.MPI_TAG;
      }
    }
    collect(request.id);
  }
  if (!tested.empty()) {
    progress_detector_.completed();
    return Tested::completed;
  }
  return progress_detector_.moved(Clock::now() - began, requests) ? Tested::moved : Tested::nothing;
}

// MPI itself has failed: no request will ever be reported again. Who waits learns it; the leases
// stay where they are, as MPI may still touch them.
void MpiContext::fail_all(ErrorCode error) {
  broken_ = error;
  for (Slot& slot : slots_) {
    WaitOperation* waiting = std::exchange(slot.waiting, nullptr);
    if (waiting == nullptr) continue;
    waiting->complete(arena_, error,
                      {.peer = slot.completion.peer,
                       .tag = slot.completion.tag,
                       .lease = {},
                       .call = "MPI_Testsome"});
  }
}

void MpiContext::arm() {
  if (armed_ || broken_ || table_.empty()) return;
  armed_ = true;
  asio::post(io_, asio::bind_allocator(ArenaAllocator<std::byte>{arena_}, Visit{this}));
}

void MpiContext::visit() {
  armed_ = false;
  napping_ = false;
  if (broken_ || table_.empty()) return;  // nothing to poll: run() may end

  // Only a completion starts the backoff over. While a message moves, or a rank has work of its
  // own, there is no pause; the naps afterwards go on from where they were.
  Tested tested = test();
  if (tested == Tested::completed) backoff_.reset();
  if (tested != Tested::nothing || busy_ > 0) {
    arm();
    return;
  }
  const BackoffStep step = backoff_.next();
  if (step.kind == BackoffStep::Kind::nap) {
    armed_ = true;
    napping_ = true;
    ++naps_;
    nap_.expires_after(step.nap);
    nap_.async_wait(asio::bind_allocator(ArenaAllocator<std::byte>{arena_}, Visit{this}));
    return;
  }
  for (int i = 0; step.kind == BackoffStep::Kind::yield && i < kYieldsPerVisit; ++i) {
    ::sched_yield();
    tested = test();
    if (tested == Tested::completed) backoff_.reset();
    if (tested != Tested::nothing) break;
  }
  arm();
}

void MpiContext::shutdown() {
  for (Slot& slot : slots_) {
    slot.detached = true;
    if (WaitOperation* waiting = std::exchange(slot.waiting, nullptr)) waiting->destroy(arena_);
  }
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (finalized == 0) {
    for (std::uint32_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].receive) table_.cancel(i);
    }
    const auto deadline = std::chrono::steady_clock::now() + kShutdownPatience;
    while (!broken_ && !table_.empty() && std::chrono::steady_clock::now() < deadline) {
      if (test() == Tested::nothing) ::sched_yield();
    }
  }
  if (!table_.empty()) leaked_buffers<Slot>().push_back(std::move(slots_));
}

}  // namespace mpiferry::mpi

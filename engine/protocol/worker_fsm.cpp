#include "engine/protocol/worker_fsm.hpp"

#include <chrono>
#include <utility>

namespace mpiferry::protocol {
namespace {

// Long enough for a master that is busy with a large manifest.
constexpr std::chrono::milliseconds kMasterPatience{5'000};

}  // namespace

Order WorkerFsm::on_message(wire::Kind kind) const noexcept {
  if (kind == wire::Kind::end) return ended() ? Order::drop : Order::finish;
  if (wire::begins_job(kind) && !has_job_) {
    return cancelled() ? Order::drop : Order::prepare;  // the master knows already
  }
  if (!wire::is_work(kind)) return Order::refuse;
  if (dropping()) return Order::drop;
  return ready_ ? Order::deliver : Order::refuse;
}

bool WorkerFsm::fail(Failure failure) {
  if (failure_) return false;
  failure_ = std::move(failure);
  return true;
}

bool WorkerFsm::interrupt(Failure signal, Time now) {
  if (end_) return false;
  deadline_ = now + kMasterPatience;
  return fail(std::move(signal));
}

std::optional<Errc> WorkerFsm::verdict() const noexcept {
  if (over_) return over_;
  if (end_ && !(master_lost_ && *end_ == Errc::ok)) return end_;
  return failure_ ? std::optional{failure_->code} : std::nullopt;
}

}  // namespace mpiferry::protocol

#include "engine/flow/attendant.hpp"

#include <chrono>
#include <utility>

namespace mpiferry::flow {
namespace {

// Long enough for a master that is busy with a large manifest.
constexpr std::chrono::milliseconds kMasterPatience{5'000};

}  // namespace

Order Attendant::on_message(wire::Kind kind) const noexcept {
  switch (kind) {
    case wire::Kind::end:
      return ended() ? Order::drop : Order::finish;
    case wire::Kind::job:
    case wire::Kind::recall:
      if (has_job_) return Order::refuse;
      return hopeless() ? Order::drop : Order::prepare;  // the master knows already
    case wire::Kind::chunk:
    case wire::Kind::requests:
      if (dropping()) return Order::drop;
      return ready_ ? Order::deliver : Order::refuse;
    default:
      return Order::refuse;
  }
}

bool Attendant::fail(Failure failure) {
  if (failure_) return false;
  failure_ = std::move(failure);
  return true;
}

bool Attendant::interrupt(Failure signal, Time now) {
  if (end_) return false;
  deadline_ = now + kMasterPatience;
  return fail(std::move(signal));
}

std::optional<Errc> Attendant::verdict() const noexcept {
  if (over_) return over_;
  if (end_ && !(master_lost_ && *end_ == Errc::ok)) return end_;
  return failure_ ? std::optional{failure_->code} : std::nullopt;
}

}  // namespace mpiferry::flow

#include "engine/protocol/master_fsm.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

namespace mpiferry::protocol {
namespace {

// How long workers may take after the end when nobody waits for their result any more.
constexpr std::chrono::milliseconds kFailedPatience{5'000};
constexpr std::chrono::milliseconds kInterruptedPatience{1'000};

// A rank does not answer any more: it is not waited for.
bool means_lost(Errc code) noexcept {
  return code == Errc::worker_stalled || code == Errc::peer_unreachable;
}

}  // namespace

MasterFsm::MasterFsm(std::uint32_t workers, Duration stall_timeout)
    : stall_timeout_(stall_timeout),
      workers_(workers),
      unmeasured_(workers),
      unanswered_(workers),
      unclosed_(workers) {}

Step MasterFsm::next(Time now) const noexcept {
  if (failure_ && stage_ > Stage::prepare && stage_ < Stage::send_end) return Step::send_end;
  switch (stage_) {
    case Stage::prepare:
      return Step::prepare;
    case Stage::send_job:
      return Step::send_job;
    case Stage::job_sent:
      if (clears_ && unmeasured_ == 0) return Step::clear;
      return unanswered_ == 0 ? Step::transfer : Step::wait;
    case Stage::transfer:
      return Step::transfer;
    case Stage::send_end: {
      if (!end_sent_) return Step::send_end;
      if (unclosed_ == 0) return failure_ ? Step::release : Step::publish;
      const Rank lost = means_lost(verdict()) ? failure_->rank : kNoRank;
      const bool late = deadline_ && now > *deadline_;
      return late || all_closed_but(lost) ? Step::give_up : Step::wait;
    }
    case Stage::publish:
      return Step::publish;
    case Stage::release:
      return Step::release;
    case Stage::over:
      return Step::over;
  }
  return Step::over;
}

void MasterFsm::on_prepared() noexcept { stage_ = Stage::send_job; }

void MasterFsm::on_job_sent(Time now, bool clears) noexcept {
  stage_ = Stage::job_sent;
  clears_ = clears;
  since_ = now;
}

void MasterFsm::on_transfer_began() noexcept { stage_ = Stage::transfer; }

void MasterFsm::on_transferred() noexcept { stage_ = Stage::send_end; }

void MasterFsm::on_end_sent(Time now) noexcept {
  stage_ = Stage::send_end;
  end_sent_ = true;
  set_deadline(now);
}

void MasterFsm::set_deadline(Time now) noexcept {
  if (verdict() == Errc::interrupted || means_lost(verdict())) {
    deadline_ = now + kInterruptedPatience;
  } else if (failure_) {
    deadline_ = now + kFailedPatience;
  } else if (stall_timeout_ > Duration::zero()) {
    deadline_ = now + stall_timeout_;
  }
}

void MasterFsm::on_busy(Rank worker, Time now) noexcept {
  worker_at(worker).busy = now;
  if (end_sent_ && !failure_) set_deadline(now);
}

void MasterFsm::on_given_up(Failure silence) noexcept {
  abandoned_ = true;
  if (!failure_) failure_ = std::move(silence);
  stage_ = Stage::over;
}

bool MasterFsm::fail(Failure failure, Time now) {
  if (failure_) return false;
  if (stage_ >= Stage::publish) {
    if (failure.code == Errc::interrupted) return false;
    if (means_lost(failure.code)) {
      abandoned_ = true;
      deadline_ = std::min(deadline_.value_or(Time::max()), now + kInterruptedPatience);
    }
    if (!late_) late_ = std::move(failure);
    return false;
  }
  failure_ = std::move(failure);
  if (end_sent_) set_deadline(now);  // nobody waits for a success any more
  return true;
}

std::optional<Rank> MasterFsm::unanswered(Time now) const noexcept {
  if (stage_ != Stage::job_sent || stall_timeout_ == Duration::zero() || unanswered_ == 0 ||
      now - since_ <= stall_timeout_) {
    return std::nullopt;
  }
  for (Rank worker{1}; static_cast<std::size_t>(worker.value) <= workers_.size(); ++worker.value) {
    if (!worker_at(worker).answered && silent(worker, now) > stall_timeout_) return worker;
  }
  return std::nullopt;
}

std::vector<Rank> MasterFsm::silent_before_answer(Time now, Duration longer_than) const {
  std::vector<Rank> silent_ones;
  for (Rank worker{1}; static_cast<std::size_t>(worker.value) <= workers_.size(); ++worker.value) {
    if (!worker_at(worker).answered && silent(worker, now) > longer_than) {
      silent_ones.push_back(worker);
    }
  }
  std::ranges::stable_sort(silent_ones, std::greater{},
                           [&](Rank worker) { return silent(worker, now); });
  return silent_ones;
}

std::vector<Rank> MasterFsm::unclosed() const {
  std::vector<Rank> open;
  for (Rank worker{1}; static_cast<std::size_t>(worker.value) <= workers_.size(); ++worker.value) {
    if (!worker_at(worker).closed) open.push_back(worker);
  }
  return open;
}

Duration MasterFsm::silent(Rank worker, Time now) const noexcept {
  return now - std::max(since_, worker_at(worker).busy);
}

void MasterFsm::mark(Rank worker, bool Worker::*flag, std::size_t* missing) noexcept {
  bool& marked = worker_at(worker).*flag;
  if (!marked) --*missing;
  marked = true;
}

bool MasterFsm::all_closed_but(Rank except) const noexcept {
  // The rank is what a failure says, be it a worker's own word.
  const bool known = except > kMaster && static_cast<std::size_t>(except.value) <= workers_.size();
  const bool excused = known && !workers_[static_cast<std::size_t>(except.value) - 1].closed;
  return unclosed_ == std::size_t{excused};
}

}  // namespace mpiferry::protocol

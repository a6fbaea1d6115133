// A job's stages as the master sees them: an honest master, and workers, signals and a clock that
// may come between any two steps, against a model that knows only what happened.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/protocol/master_fsm.hpp"
#include "tests/fuzz/feed.hpp"
#include "tests/fuzz/target.hpp"

namespace mpiferry::fuzz {

class MasterFsmGame {
 public:
  explicit MasterFsmGame(Feed& feed)
      : feed_(feed),
        workers_(static_cast<int>(1 + feed.below(3))),
        stall_timeout_(std::chrono::seconds{feed.below(4)}),
        clears_(feed.flag()),
        fsm_(static_cast<std::uint32_t>(workers_), stall_timeout_) {}

  void play() {
    for (int event = 0; event < kEvents && !feed_.empty(); ++event) {
      switch (feed_.below(7)) {
        case 0:
        case 1:
          act();
          break;
        case 2:
          now_ += std::chrono::milliseconds{100 * feed_.byte()};
          break;
        case 3:
          answer();
          break;
        case 4:
          close();
          break;
        case 5:
          measure();
          break;
        default:
          fail();
      }
      check();
    }
  }

 private:
  static constexpr int kEvents = 400;

  // What the master is in the middle of, between next() and the call that reports it.
  enum class Busy : std::uint8_t { no, preparing, transferring, publishing, releasing };

  Rank some_worker() { return {static_cast<int>(1 + feed_.below(std::size_t(workers_)))}; }
  void measure() {
    const Rank worker = some_worker();
    measured_.insert(worker);
    fsm_.on_measured(worker);
  }
  void answer() {
    const Rank worker = some_worker();
    measured_.insert(worker);
    answered_.insert(worker);
    fsm_.on_answer(worker);
  }
  void close() {
    const Rank worker = some_worker();
    closed_.insert(worker);
    fsm_.on_closed(worker);
  }
  void fail() {
    constexpr Errc kSome[] = {Errc::interrupted, Errc::worker_stalled, Errc::dest_write_failed};
    const Failure failure{.code = kSome[feed_.below(3)],
                          .rank = {static_cast<int>(feed_.below(4)) - 1},
                          .detail = std::to_string(++failures_)};
    const bool first = fsm_.fail(failure, now_);
    const bool too_late = over_ || publishing_ || releasing_;
    require(first == (!failure_ && !too_late), "the first failure of a job is its failure");
    if (!failure_ && too_late && failure.code == Errc::worker_stalled) abandoned_ = true;
    if (!first) return;
    failure_ = failure;
    if (end_sent_) deadline_ = patience();  // nobody waits for a success any more
  }

  // One step of the master's, as it says and at once, or the end of one that takes time.
  void act() {
    switch (std::exchange(busy_, Busy::no)) {
      case Busy::preparing:
        prepared_ = true;
        return fsm_.on_prepared();
      case Busy::transferring:
        if (!failure_ && feed_.flag()) {  // not all is moved yet
          busy_ = Busy::transferring;
          return;
        }
        transferred_ = true;
        return fsm_.on_transferred();
      case Busy::publishing:
        publishing_ = false;
        releasing_ = true;
        return fsm_.on_published();
      case Busy::releasing:
        over_ = true;
        return fsm_.on_released();
      case Busy::no:
        break;
    }
    take(fsm_.next(now_));
  }

  void take(protocol::Step step) {
    require(!over_ || step == protocol::Step::over, "what is over stays so");
    switch (step) {
      case protocol::Step::prepare:
        require(!prepared_, "prepared once, and first");
        busy_ = Busy::preparing;
        return;
      case protocol::Step::send_job:
        require(prepared_ && !job_sent_ && !failure_ && !end_sent_,
                "the job is sent once, when prepared");
        job_sent_ = true;
        since_ = now_;
        return fsm_.on_job_sent(now_, clears_);
      case protocol::Step::clear:
        require(clears_ && job_sent_ && !cleared_ && !failure_ && all(measured_),
                "cleared once, when all have measured");
        cleared_ = true;
        return fsm_.on_cleared();
      case protocol::Step::transfer:
        require(clears_ == cleared_, "nothing moves before the way is clear");
        require(job_sent_ && !transfer_began_ && !failure_ && !end_sent_ && all(answered_),
                "moved once, when all have answered");
        transfer_began_ = true;
        busy_ = Busy::transferring;
        return fsm_.on_transfer_began();
      case protocol::Step::send_end:
        require(prepared_ && !end_sent_ && (failure_ || transferred_),
                "the end is sent once, when all is moved or something has failed");
        end_sent_ = true;
        since_ = now_;
        deadline_ = patience();
        return fsm_.on_end_sent(now_);
      case protocol::Step::publish:
        require(transferred_ && end_sent_ && all(closed_), "published when all have closed");
        require(!failure_, "nothing is published after a failure");
        require(!published_, "published once");
        published_ = true;
        publishing_ = true;
        busy_ = Busy::publishing;
        return fsm_.on_publication_began();
      case protocol::Step::release:
        require(releasing_ || (end_sent_ && all(closed_) && failure_),
                "released when all have closed");
        require(!released_, "released once");
        released_ = releasing_ = true;
        busy_ = Busy::releasing;
        return;
      case protocol::Step::give_up:
        require(end_sent_ && !all(closed_) && (late() || only_the_stalled_is_left()),
                "nobody is given up before the time");
        require(!closed_.contains(fsm_.unclosed().front()), "who was given up has not closed");
        abandoned_ = over_ = true;
        if (!failure_) failure_ = silence();
        return fsm_.on_given_up(silence());
      case protocol::Step::over:
        require(over_, "over when all may go");
        return fsm_.on_over();
      case protocol::Step::wait:
        require(waits(), "nobody waits for nothing");
    }
  }

  static Failure silence() { return {.code = Errc::worker_stalled, .detail = "given up"}; }
  bool all(const std::set<Rank>& of) const { return static_cast<int>(of.size()) == workers_; }
  bool late() const { return deadline_ && now_ > *deadline_; }
  bool only_the_stalled_is_left() const {
    return failure_ && failure_->code == Errc::worker_stalled &&
           static_cast<int>(closed_.size()) == workers_ - 1 && failure_->rank >= Rank{1} &&
           failure_->rank.value <= workers_ && !closed_.contains(failure_->rank);
  }
  bool waits() const {
    if (end_sent_) return !all(closed_) && !late() && !only_the_stalled_is_left();
    if (clears_ && !cleared_ && all(measured_)) return false;
    return job_sent_ && !failure_ && !all(answered_);
  }
  std::optional<protocol::Time> patience() const {
    if (!failure_) {
      if (stall_timeout_ == protocol::Duration::zero()) return std::nullopt;
      return now_ + stall_timeout_;
    }
    const bool impatient =
        failure_->code == Errc::interrupted || failure_->code == Errc::worker_stalled;
    return now_ + (impatient ? kImpatient : std::chrono::seconds{5});
  }

  void check() const {
    require(fsm_.next(now_) == fsm_.next(now_), "next is pure");
    require(fsm_.failed() == failure_.has_value(), "what has failed");
    if (failure_) {
      require(fsm_.failure()->detail == failure_->detail && fsm_.failure()->code == failure_->code,
              "the first failure stays");
    }
    require(fsm_.verdict() == (failure_ ? failure_->code : Errc::ok), "the verdict");
    require(fsm_.abandoned() == abandoned_, "who is out of reach");
    require(fsm_.over() == over_, "what is over");
    require(fsm_.transferring() == (busy_ == Busy::transferring), "when chunks move");
    require(fsm_.unclosed().empty() == all(closed_), "who has not closed");
    const auto unanswered = fsm_.unanswered(now_);
    const bool job_sent = job_sent_ && !transfer_began_ && !end_sent_ && !over_;
    require(unanswered.has_value() ==
                (job_sent && !all(answered_) && stall_timeout_ > protocol::Duration::zero() &&
                 now_ - since_ > stall_timeout_),
            "who is late is told");
    require(!unanswered || !answered_.contains(*unanswered), "and nobody who has answered");
  }

  static constexpr std::chrono::seconds kImpatient{1};

  Feed& feed_;
  int workers_;
  protocol::Duration stall_timeout_;
  bool clears_;  // something is in the way
  protocol::MasterFsm fsm_;
  protocol::Time now_{};
  protocol::Time since_{};
  Busy busy_ = Busy::no;
  std::set<Rank> measured_;
  std::set<Rank> answered_;
  std::set<Rank> closed_;
  std::optional<Failure> failure_;
  std::optional<protocol::Time> deadline_;
  int failures_ = 0;
  bool prepared_ = false;
  bool job_sent_ = false;
  bool cleared_ = false;
  bool transfer_began_ = false;
  bool transferred_ = false;
  bool end_sent_ = false;
  bool published_ = false;
  bool publishing_ = false;
  bool releasing_ = false;
  bool released_ = false;
  bool abandoned_ = false;
  bool over_ = false;
};

}  // namespace mpiferry::fuzz

// A job's stages as the master sees them: an honest master, and workers, signals and a clock that
// may come between any two steps, against a model that knows only what happened.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/flow/conductor.hpp"
#include "tests/fuzz/feed.hpp"
#include "tests/fuzz/target.hpp"

namespace mpiferry::fuzz {

class ConductorGame {
 public:
  explicit ConductorGame(Feed& feed)
      : feed_(feed),
        workers_(static_cast<int>(1 + feed.below(3))),
        stall_timeout_(std::chrono::seconds{feed.below(4)}),
        clears_(feed.flag()),
        conductor_(static_cast<std::uint32_t>(workers_), stall_timeout_) {}

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
    conductor_.on_measured(worker);
  }
  void answer() {
    const Rank worker = some_worker();
    measured_.insert(worker);
    answered_.insert(worker);
    conductor_.on_answer(worker);
  }
  void close() {
    const Rank worker = some_worker();
    closed_.insert(worker);
    conductor_.on_closed(worker);
  }
  void fail() {
    constexpr Errc kSome[] = {Errc::interrupted, Errc::worker_stalled, Errc::dest_write_failed};
    const Failure failure{.code = kSome[feed_.below(3)],
                          .rank = {static_cast<int>(feed_.below(4)) - 1},
                          .detail = std::to_string(++failures_)};
    const bool first = conductor_.fail(failure, now_);
    const bool too_late = over_ || publishing_ || releasing_;
    require(first == (!failure_ && !too_late), "the first failure of a job is its failure");
    if (!failure_ && too_late && failure.code == Errc::worker_stalled) abandoned_ = true;
    if (!first) return;
    failure_ = failure;
    if (dismissed_) deadline_ = patience();  // nobody waits for a success any more
  }

  // One step of the master's, as it says and at once, or the end of one that takes time.
  void act() {
    switch (std::exchange(busy_, Busy::no)) {
      case Busy::preparing:
        prepared_ = true;
        return conductor_.on_prepared();
      case Busy::transferring:
        if (!failure_ && feed_.flag()) {  // not all is moved yet
          busy_ = Busy::transferring;
          return;
        }
        transferred_ = true;
        return conductor_.on_transferred();
      case Busy::publishing:
        publishing_ = false;
        releasing_ = true;
        return conductor_.on_published();
      case Busy::releasing:
        over_ = true;
        return conductor_.on_released();
      case Busy::no:
        break;
    }
    take(conductor_.next(now_));
  }

  void take(flow::Step step) {
    require(!over_ || step == flow::Step::over, "what is over stays so");
    switch (step) {
      case flow::Step::prepare:
        require(!prepared_, "prepared once, and first");
        busy_ = Busy::preparing;
        return;
      case flow::Step::invite:
        require(prepared_ && !invited_ && !failure_ && !dismissed_, "invited once, when prepared");
        invited_ = true;
        since_ = now_;
        return conductor_.on_invited(now_, clears_);
      case flow::Step::clear:
        require(clears_ && invited_ && !cleared_ && !failure_ && all(measured_),
                "cleared once, when all have measured");
        cleared_ = true;
        return conductor_.on_cleared();
      case flow::Step::transfer:
        require(clears_ == cleared_, "nothing moves before the way is clear");
        require(invited_ && !transfer_began_ && !failure_ && !dismissed_ && all(answered_),
                "moved once, when all have answered");
        transfer_began_ = true;
        busy_ = Busy::transferring;
        return conductor_.on_transfer_began();
      case flow::Step::dismiss:
        require(prepared_ && !dismissed_ && (failure_ || transferred_),
                "dismissed once, when all is moved or something has failed");
        dismissed_ = true;
        since_ = now_;
        deadline_ = patience();
        return conductor_.on_dismissed(now_);
      case flow::Step::publish:
        require(transferred_ && dismissed_ && all(closed_), "published when all have closed");
        require(!failure_, "nothing is published after a failure");
        require(!published_, "published once");
        published_ = true;
        publishing_ = true;
        busy_ = Busy::publishing;
        return conductor_.on_publication_began();
      case flow::Step::release:
        require(releasing_ || (dismissed_ && all(closed_) && failure_),
                "released when all have closed");
        require(!released_, "released once");
        released_ = releasing_ = true;
        busy_ = Busy::releasing;
        return;
      case flow::Step::give_up:
        require(dismissed_ && !all(closed_) && (late() || only_the_stalled_is_left()),
                "nobody is given up before the time");
        require(!closed_.contains(conductor_.first_unclosed()), "who was given up has not closed");
        abandoned_ = over_ = true;
        if (!failure_) failure_ = silence();
        return conductor_.on_given_up(silence());
      case flow::Step::over:
        require(over_, "over when all may go");
        return conductor_.on_over();
      case flow::Step::wait:
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
    if (dismissed_) return !all(closed_) && !late() && !only_the_stalled_is_left();
    if (clears_ && !cleared_ && all(measured_)) return false;
    return invited_ && !failure_ && !all(answered_);
  }
  std::optional<flow::Time> patience() const {
    if (!failure_) {
      if (stall_timeout_ == flow::Duration::zero()) return std::nullopt;
      return now_ + stall_timeout_;
    }
    const bool impatient =
        failure_->code == Errc::interrupted || failure_->code == Errc::worker_stalled;
    return now_ + (impatient ? kImpatient : std::chrono::seconds{5});
  }

  void check() const {
    require(conductor_.next(now_) == conductor_.next(now_), "next is pure");
    require(conductor_.failed() == failure_.has_value(), "what has failed");
    if (failure_) {
      require(conductor_.failure()->detail == failure_->detail &&
                  conductor_.failure()->code == failure_->code,
              "the first failure stays");
    }
    require(conductor_.verdict() == (failure_ ? failure_->code : Errc::ok), "the verdict");
    require(conductor_.abandoned() == abandoned_, "who is out of reach");
    require(conductor_.over() == over_, "what is over");
    require(conductor_.transferring() == (busy_ == Busy::transferring), "when chunks move");
    require((conductor_.first_unclosed() == kNoRank) == all(closed_), "who has not closed");
    const auto unanswered = conductor_.unanswered(now_);
    const bool invited = invited_ && !transfer_began_ && !dismissed_ && !over_;
    require(unanswered.has_value() ==
                (invited && !all(answered_) && stall_timeout_ > flow::Duration::zero() &&
                 now_ - since_ > stall_timeout_),
            "who is late is told");
    require(!unanswered || !answered_.contains(*unanswered), "and nobody who has answered");
  }

  static constexpr std::chrono::seconds kImpatient{1};

  Feed& feed_;
  int workers_;
  flow::Duration stall_timeout_;
  bool clears_;  // something is in the way
  flow::Conductor conductor_;
  flow::Time now_{};
  flow::Time since_{};
  Busy busy_ = Busy::no;
  std::set<Rank> measured_;
  std::set<Rank> answered_;
  std::set<Rank> closed_;
  std::optional<Failure> failure_;
  std::optional<flow::Time> deadline_;
  int failures_ = 0;
  bool prepared_ = false;
  bool invited_ = false;
  bool cleared_ = false;
  bool transfer_began_ = false;
  bool transferred_ = false;
  bool dismissed_ = false;
  bool published_ = false;
  bool publishing_ = false;
  bool releasing_ = false;
  bool released_ = false;
  bool abandoned_ = false;
  bool over_ = false;
};

}  // namespace mpiferry::fuzz

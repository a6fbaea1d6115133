// A job's stages as a worker sees them: an honest worker, and a master that sends any message at
// any time, against a model that knows only what happened.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "engine/protocol/worker_fsm.hpp"
#include "tests/fuzz/feed.hpp"
#include "tests/fuzz/target.hpp"

namespace mpiferry::fuzz {

class WorkerFsmGame {
 public:
  explicit WorkerFsmGame(Feed& feed) : feed_(feed) {}

  void play() {
    for (int event = 0; event < kEvents && !feed_.empty(); ++event) {
      now_ += std::chrono::milliseconds{100 * feed_.below(32)};
      switch (feed_.below(6)) {
        case 0:
          prepared();
          break;
        case 1:
          fail(Errc::dest_write_failed);
          break;
        case 2:
          interrupt();
          break;
        default:
          receive(static_cast<wire::Kind>(feed_.below(24)));
      }
      check();
    }
  }

 private:
  static constexpr int kEvents = 400;

  void receive(wire::Kind kind) {
    const protocol::Order order = fsm_.on_message(kind);
    require(fsm_.on_message(kind) == order, "asking changes nothing");
    const bool is_job = kind == wire::Kind::job || kind == wire::Kind::retrieval;
    const bool is_work = kind == wire::Kind::chunk || kind == wire::Kind::read_requests;
    switch (order) {
      case protocol::Order::prepare:
        require(is_job && !has_job_ && !failure_ && !end_, "one job, unless it is cancelled");
        has_job_ = true;
        return fsm_.on_job();
      case protocol::Order::deliver:
        require(is_work && ready_ && !failure_ && end_.value_or(Errc::ok) == Errc::ok,
                "work is for who is ready, and not after a failure");
        return;
      case protocol::Order::finish:
        require(kind == wire::Kind::end && !end_, "one end");
        end_ = feed_.flag() ? Errc::ok : Errc::interrupted;
        return fsm_.on_end(*end_);
      case protocol::Order::drop:
        require(is_job || is_work || kind == wire::Kind::end,
                "only what a master sends is dropped");
        require(failure_ || end_, "nothing is dropped before the end or a failure");
        require(kind != wire::Kind::end || end_, "the first end is received, whatever has failed");
        return;
      case protocol::Order::refuse:
        require(kind != wire::Kind::end, "an end is never refused");
        require(!is_job || has_job_, "a first job is never refused");
        require(!is_work || !ready_, "who is ready refuses no work");
        fail(Errc::unexpected_message);
    }
  }

  void prepared() {
    if (!has_job_ || ready_) return;
    ready_ = true;
    fsm_.on_ready();
  }

  Failure next_failure(Errc code) { return {.code = code, .detail = std::to_string(++failures_)}; }

  void fail(Errc code) {
    const Failure failure = next_failure(code);
    require(fsm_.fail(failure) == !failure_, "the first failure is told, no other");
    if (!failure_) failure_ = failure;
  }

  void interrupt() {
    const Failure signal = next_failure(Errc::interrupted);
    require(fsm_.interrupt(signal, now_) == (!failure_ && !end_),
            "a signal is a failure, and too late after the end");
    if (end_) return;
    deadline_ = now_ + std::chrono::seconds{5};
    if (!failure_) failure_ = signal;
  }

  void check() const {
    require(fsm_.ended() == end_.has_value(), "the end");
    require(fsm_.failed() == failure_.has_value(), "what has failed");
    require(!failure_ || fsm_.failure()->detail == failure_->detail, "the first failure stays");
    std::optional<Errc> verdict = end_;
    if (!verdict && failure_) verdict = failure_->code;
    require(fsm_.verdict() == verdict, "the master's word counts, then one's own");
    require(fsm_.cancelled() == (failure_ || end_), "cancelled by a failure or the end");
    require(fsm_.dropping() == (failure_ || end_.value_or(Errc::ok) != Errc::ok),
            "what is written any more");
    require(fsm_.deadline() == deadline_, "the deadline stands");
    require(fsm_.timed_out(now_) == (!end_ && deadline_ && now_ > *deadline_),
            "who receives no end after a signal times out, and nobody else");
  }

  Feed& feed_;
  protocol::WorkerFsm fsm_;
  protocol::Time now_{};
  bool has_job_ = false;
  bool ready_ = false;
  std::optional<Errc> end_;
  std::optional<Failure> failure_;
  std::optional<protocol::Time> deadline_;
  int failures_ = 0;
};

}  // namespace mpiferry::fuzz

// The master's side of a job as a whole: who has answered, what comes next, why the job ends. It
// decides; it never sends, opens a file or looks at a clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/failure.hpp"
#include "engine/base/units.hpp"
#include "engine/protocol/clock.hpp"

namespace mpiferry::protocol {

// What the master does next. All but `wait` are done once, and said to be done.
enum class Step : std::uint8_t {
  prepare,   // look at everything on this rank, then on_prepared()
  send_job,  // send the job to every worker, then on_job_sent()
  clear,     // remove what is in the way here, tell every worker to do so, then on_cleared()
  transfer,  // on_transfer_began(), move the chunks until all are moved or failed(),
             // on_transferred()
  send_end,  // send the end, with verdict(), to every worker, then on_end_sent()
  publish,   // on_publication_began(), make the result visible, on_published()
  release,   // tell every worker that it may go, with verdict(), then on_released()
  give_up,   // a worker has not confirmed the end in time: on_given_up()
  wait,      // until something happens
  over,      // nothing is left: on_over()
};

// The stages of a job come in one order, prepare, send_job, transfer, send_end, publish, release; a
// failure skips to send_end, and nothing is published after it. Not thread-safe.
class MasterFsm {
 public:
  // `stall_timeout`: how long a worker may take to answer the job and to confirm a successful end;
  // 0: for ever.
  MasterFsm(std::uint32_t workers, Duration stall_timeout);

  // Pure: says the same until something happens, or a deadline passes.
  Step next(Time now) const noexcept;

  void on_prepared() noexcept;
  // `clears`: files of an earlier job are in the way; none of them goes before every worker has
  // said that its share will fit (on_measured).
  void on_job_sent(Time now, bool clears = false) noexcept;
  void on_cleared() noexcept { clears_ = false; }
  void on_transfer_began() noexcept;
  void on_transferred() noexcept;
  void on_end_sent(Time now) noexcept;
  void on_publication_began() noexcept { stage_ = Stage::publish; }
  void on_published() noexcept { stage_ = Stage::release; }
  void on_released() noexcept { stage_ = Stage::over; }
  // Only what was sent is still under way: has_patience() says for how long.
  void on_leaving(Time now) noexcept { set_deadline(now); }
  void on_abandoned() noexcept { abandoned_ = true; }
  void on_given_up(Failure silence) noexcept;
  void on_over() noexcept { stage_ = Stage::over; }

  // A worker answered the job, be it with a failure; it has confirmed the end.
  void on_answer(Rank worker) noexcept {
    on_measured(worker);
    mark(worker, &Worker::answered, &unanswered_);
  }
  void on_measured(Rank worker) noexcept { mark(worker, &Worker::measured, &unmeasured_); }
  void on_closed(Rank worker) noexcept { mark(worker, &Worker::closed, &unclosed_); }
  // A worker has not answered yet, or not closed after a success, but is at work on it: patience
  // begins anew.
  void on_busy(Rank worker, Time now) noexcept;
  // After the end something arrives that was on its way: whatever the verdict, patience begins
  // anew, as there is only so much of it.
  void on_late(Time now) noexcept {
    if (end_sent_) set_deadline(now);
  }
  // The first failure is the job's; what follows from it is noise. False if it is not the first, or
  // comes too late: from the publication on all workers have confirmed the end, and there is no
  // half of a publication. Only its own failure counts then, and the first of the others is late().
  bool fail(Failure failure, Time now);
  void fail_publication(Failure failure) noexcept { failure_ = std::move(failure); }

  bool failed() const noexcept { return failure_.has_value(); }
  const std::optional<Failure>& failure() const noexcept { return failure_; }
  // No signal: nobody needs to know that it came too late.
  const std::optional<Failure>& late() const noexcept { return late_; }
  Errc verdict() const noexcept { return failure_ ? failure_->code : Errc::ok; }
  // Some worker is out of reach: only MPI_Abort ends it.
  bool abandoned() const noexcept { return abandoned_; }
  bool transferring() const noexcept { return stage_ == Stage::transfer; }
  bool over() const noexcept { return stage_ == Stage::over; }
  bool has_patience(Time now) const noexcept { return !deadline_ || now <= *deadline_; }

  // A worker that has neither answered the job nor been busy with it for longer than the stall
  // timeout.
  std::optional<Rank> unanswered(Time now) const noexcept;
  // Those that have been silent for longer than that before they answered the job, the longest
  // silence first.
  std::vector<Rank> silent_before_answer(Time now, Duration longer_than) const;
  // Those that have not confirmed the end, by rank.
  std::vector<Rank> unclosed() const;
  // The lowest worker that has not confirmed the end; kNoRank if all have.
  // For how long it has not, when it had been sent the job.
  Duration silent(Rank worker, Time now) const noexcept;

 private:
  enum class Stage : std::uint8_t {
    prepare,
    send_job,
    job_sent,
    transfer,
    send_end,
    publish,
    release,
    over
  };
  struct Worker {
    bool measured = false;
    bool answered = false;
    bool closed = false;
    Time busy;  // when it said so last
  };
  Worker& worker_at(Rank worker) { return workers_[static_cast<std::size_t>(worker.value) - 1]; }
  const Worker& worker_at(Rank worker) const {
    return workers_[static_cast<std::size_t>(worker.value) - 1];
  }
  void mark(Rank worker, bool Worker::*flag, std::size_t* missing) noexcept;
  // Asked with each message of each worker: must not look at all of them.
  bool all_closed_but(Rank except) const noexcept;
  // From now on workers that were sent the end may take as long as the verdict allows.
  void set_deadline(Time now) noexcept;

  Duration stall_timeout_;
  std::vector<Worker> workers_;  // worker r at r - 1
  std::size_t unmeasured_;       // members without the flag
  std::size_t unanswered_;
  std::size_t unclosed_;
  Stage stage_ = Stage::prepare;
  bool end_sent_ = false;
  Time since_;                    // the job was sent
  std::optional<Time> deadline_;  // of workers that were sent the end
  bool clears_ = false;           // files of an earlier job are still in the way
  std::optional<Failure> failure_;
  std::optional<Failure> late_;
  bool abandoned_ = false;
};

}  // namespace mpiferry::protocol

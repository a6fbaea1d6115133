// The worker's side of a job as a whole: what a message means now, what is not wanted any more,
// when to wait no longer. It decides; it never receives, sends or looks at a clock.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/failure.hpp"
#include "engine/protocol/clock.hpp"
#include "engine/wire/header.hpp"

namespace mpiferry::protocol {

// What to do with a message that has arrived.
enum class Order : std::uint8_t {
  prepare,  // the job: look at everything on this rank, then on_ready() or fail()
  deliver,  // a chunk, or requests: what this worker is there for
  finish,   // the end: on_end()
  drop,     // nobody wants it any more: receive it and forget it
  refuse,   // it has no place here: fail()
};

// A worker goes on receiving until the end, whatever fails, so that no send to it is left hanging.
// Not thread-safe.
class WorkerFsm {
 public:
  Order on_message(wire::Kind kind) const noexcept;

  // The job was taken; everything is prepared for it.
  void on_job() noexcept { has_job_ = true; }
  void on_ready() noexcept { ready_ = true; }
  // The end, with its verdict.
  void on_end(Errc verdict) noexcept { end_ = verdict; }
  // After a good end.
  void on_publication_began() noexcept { publishing_ = true; }
  void on_published() noexcept { publishing_ = false; }
  // This worker has sent its last message.
  void on_closed() noexcept { closed_ = true; }
  // The last word, with the verdict of the job.
  void on_over(Errc verdict) noexcept { over_ = verdict; }
  // The last word will not come.
  void on_master_lost() noexcept { master_lost_ = true; }
  // True if this is the first failure, which the master is to be told; it is the only one.
  bool fail(Failure failure);
  // A signal: fail(), and the end must come within some seconds. True as for fail(); false as well
  // if the job ends already, as its verdict stands.
  bool interrupt(Failure signal, Time now);

  bool ended() const noexcept { return end_.has_value(); }
  bool over() const noexcept { return over_.has_value(); }
  bool failed() const noexcept { return failure_.has_value(); }
  bool publishing() const noexcept { return publishing_; }
  bool closed() const noexcept { return closed_; }
  bool master_lost() const noexcept { return master_lost_; }
  const std::optional<Failure>& failure() const noexcept { return failure_; }
  // What this rank leaves with: that of the last word, of the end, or its own. An end that said ok
  // is no success without the last word.
  std::optional<Errc> verdict() const noexcept;
  // Preparations are of no use any more.
  bool cancelled() const noexcept { return failed() || ended(); }
  // Chunks are not written any more: this worker has failed, or the job has.
  bool dropping() const noexcept { return failed() || (end_ && *end_ != Errc::ok); }
  // The end has not come in time after a signal: the master is out of reach. The deadline stands
  // from interrupt() on.
  bool timed_out(Time now) const noexcept { return !end_ && deadline_ && now > *deadline_; }
  std::optional<Time> deadline() const noexcept { return deadline_; }

 private:
  bool has_job_ = false;
  bool ready_ = false;
  std::optional<Errc> end_;
  std::optional<Errc> over_;
  bool publishing_ = false;
  bool closed_ = false;
  bool master_lost_ = false;
  std::optional<Failure> failure_;
  std::optional<Time> deadline_;
};

}  // namespace mpiferry::protocol

// What rank 0 does in a job of one kind. A MasterSession drives it.
#pragma once

#include "engine/base/result.hpp"
#include "engine/clock/clock.hpp"
#include "engine/job/control.hpp"
#include "engine/job/task.hpp"
#include "engine/wire/job.hpp"

namespace mpiferry::job {

// The verbs come in the order of the job's steps (protocol::Step).
class MasterHalf {
 public:
  MasterHalf() = default;
  MasterHalf(const MasterHalf&) = delete;
  MasterHalf& operator=(const MasterHalf&) = delete;
  virtual ~MasterHalf() = default;

  // Whether it posts receives for the workers' messages itself: those that take chunks are larger
  // than the usual ones.
  virtual bool posts_receives() const { return false; }
  // Looks at everything on this rank. The job is sent only if that succeeds.
  virtual Task<Outcome> prepare() = 0;
  // Sends the job to every worker.
  virtual void start() = 0;
  // A worker has passed its preflight.
  virtual void on_ready(Rank /*from*/, const wire::Ready& /*ready*/) {}
  // Whether files of an earlier job are to go when all workers have said that theirs will fit, and
  // that step: removes them here, and tells the workers to do so.
  virtual bool clears() const { return false; }
  virtual Task<Outcome> clear_destination() { co_return Nothing{}; }
  // Every worker has answered the job. A failure ends it before the first byte.
  virtual Outcome check_peers() { return Nothing{}; }
  // Comes back when all is moved or the job has failed.
  virtual Task<> transfer() = 0;
  // Every message of a worker that is no ready, failed, busy or closed. That of a chunk may be
  // damaged. Who takes the completion's lease posts a receive with it, or another, later.
  virtual void on_message(Rank from, const Message& message, Completion& completion) = 0;
  // Ten times a second during the transfer.
  virtual void on_tick(clock::Time now) = 0;
  // The job has failed: what waits for something else than MasterSession::changed() is to be woken.
  virtual void on_failed() {}
  // What the last message to a worker says.
  virtual wire::End end_message(Rank worker) const = 0;
  // Makes the result visible. On a thread of its own, so that the master goes on to give signs of
  // life; nobody else touches what is published meanwhile.
  virtual Outcome publish() = 0;
  // The job is decided, and what was to be published is there: gives back what it holds.
  virtual void finish() {}
};

}  // namespace mpiferry::job

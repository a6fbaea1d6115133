// What lies at a worker's destination: the master's directory, or one that this job locks itself.
#pragma once

#include <memory>

#include "engine/base/result.hpp"
#include "engine/disk/directory.hpp"
#include "engine/job/task.hpp"
#include "engine/job/worker_half.hpp"
#include "engine/operations/scatter/capacity_check.hpp"
#include "engine/operations/scatter/clearing.hpp"
#include "engine/operations/scatter/job_lock.hpp"
#include "engine/plan/layout.hpp"
#include "engine/wire/job.hpp"

namespace mpiferry::operations {

// Not thread-safe. What it refers to outlives it.
class WorkerDestination {
 public:
  WorkerDestination(const job::WorkerContext& context, const wire::Job& job);

  // Opens the directory, and takes its job lock unless that is the master's. Workers that share the
  // master's directory leave it to clear it; a job that resumes looks for itself. Ends early when
  // the job is cancelled.
  job::Task<Outcome> claim();
  // The master says that files may go.
  void on_clear() noexcept { may_clear_ = true; }
  // Tells the master of the preparations while they wait for that.
  void on_tick() {
    if (waiting_) context_.beat();
  }

  // Before the first chunk changes: an earlier job's sums are not true any more, nor is the
  // manifest of one whose rank 0 was here. The master's directory is the master's.
  Outcome unpublish();

  // This worker and its directory, where so much of its share is kept.
  wire::Ready ready_message(const Share& kept) const;

  // Shared with what writes into it: a partial file must not outlive its directory. Nothing before
  // claim().
  const std::shared_ptr<disk::Directory>& directory() const noexcept { return directory_; }
  bool shares_masters() const noexcept { return shares_masters_; }

  // Gives the job lock back. Nothing here is open any more.
  void release() noexcept { lock_.release(); }

  // Asked again and again while the preparations take their time: tells the master of them.
  bool has_to_stop();

 private:
  job::Task<Outcome> take_directory();
  job::Task<Outcome> replace();
  Outcome open();
  Outcome lock();
  Outcome acquire_lock(bool replace);
  Outcome check_writable() const;
  const std::string& source_id_here() const;

  const job::WorkerContext& context_;
  const wire::Job& job_;
  const plan::Layout layout_;
  std::shared_ptr<disk::Directory> directory_;
  JobLock lock_;
  bool shares_masters_ = false;
  bool waiting_ = false;    // for the master to say that files may go
  bool may_clear_ = false;  // it has
  bool full_ = false;       // the disk had no room for the lock
  bool unpublished_ = false;
};

}  // namespace mpiferry::operations

// A scattering worker and its directory: the master's, or one that it marks as this job's itself.
#include <functional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "engine/base/machine.hpp"
#include "engine/disk/destination_failure.hpp"
#include "engine/disk/destination_pattern.hpp"
#include "engine/disk/job_owner.hpp"
#include "engine/roles/clearing.hpp"
#include "engine/roles/predecessor.hpp"
#include "engine/roles/preflight.hpp"
#include "engine/roles/scatter_worker.hpp"

namespace mpiferry::roles {

// Workers that share the master's directory leave the clearing to it; a job that goes on looks for
// itself.
Task<Outcome> ScatterWorker::occupy() {
  const std::string path = disk::expand_destination(job_.destination, post_.self(), post_.host);
  if (!job_.reroute) {  // else what this worker cannot write goes elsewhere
    if (Outcome fits = check_file_size(job_, post_.self(), path); !fits) co_return fits;
  }
  auto directory = disk::Directory::open_or_create(path);
  if (!directory) co_return std::move(directory.error());
  directory_ = std::make_shared<disk::Directory>(std::move(*directory));
  const auto shared = directory_->check_job_lock(job_.job_lock, disk::Descriptor{});
  if (!shared) co_return shared.error();
  shares_ = *shared;
  if (job_.layout == wire::Layout::file && !shares_) {
    co_return Failure{.code = Errc::dest_unusable,
                      .path = directory_->path(),
                      .detail = "--layout file: this is not the directory that rank 0 sees there",
                      .hint = "name a directory that all ranks share, or choose another layout"};
  }
  const Outcome marked = shares_ ? Outcome{Nothing{}} : mark();
  // A full disk may have no room for a mark before files have gone.
  full_ = !marked && disk::is_full(marked.error());
  if (!marked && !(full_ && (job_.resume || job_.force || job_.reroute))) co_return marked;
  Outcome ready = Nothing{};
  if (job_.resume) {
    ready = check_predecessor(*directory_, job_.layout, source_here());
    if (!ready) co_return ready;
    // Not in the call: GCC 12 and lambdas within co_await do not go together.
    std::function<bool()> stop = [this] { return has_to_stop(); };
    ready = co_await clear(post_.context, *directory_, "", std::move(stop), is_dead_partial_file);
  } else if (job_.force && job_.layout != wire::Layout::file) {
    ready = co_await replace();
  }
  const bool mark_now = full_ && !shares_ && (job_.resume || job_.force);
  if (ready && mark_now && !post_.fsm.cancelled()) ready = mark();
  // What is there already needs no room, and what finds none may go elsewhere: unmarked then.
  const bool unmarked = !ready && disk::is_full(ready.error()) && (job_.resume || job_.reroute);
  co_return unmarked ? Outcome{Nothing{}} : std::move(ready);
}

// --force: no worker removes anything before the master knows that the shares of all will fit.
Task<Outcome> ScatterWorker::replace() {
  std::function<bool()> stop = [this] { return has_to_stop(); };
  StaleFiles stale_files;
  if (!shares_) {
    const auto found = co_await survey(post_.context, *directory_, source_here(), stop);
    if (!found) co_return found.error();
    stale_files = *found;
  }
  send_capacity(stale_files);
  waiting_ = true;
  while (!post_.may_clear && !post_.fsm.cancelled()) co_await post_.changed.wait();
  waiting_ = false;
  // The master may have had no room for its mark before.
  if (full_) shares_ = directory_->holds_job_lock(job_.job_lock);
  if (shares_ || post_.fsm.cancelled()) co_return Nothing{};
  co_return co_await clear(post_.context, *directory_, source_here(), std::move(stop));
}

void ScatterWorker::send_capacity(const StaleFiles& stale_files) {
  wire::Ready capacity = described();
  capacity.capacity.freed = stale_files.bytes;
  capacity.capacity.freed_files = stale_files.files;
  post_.control.send(kMaster, wire::Tag::status, wire::Kind::capacity, post_.job_id, capacity);
}

// Workers that share a directory all hold the mark of the first. It has another text than the
// master's: by that they are known to share the master's directory.
Outcome ScatterWorker::mark() {
  job_lock_ = disk::job_lock_text(fmt::format("workers of {}", disk::job_of(job_.job_lock)),
                                  disk::JobOwner::of_this_process(post_.self()));
  const bool replaces = job_.resume || job_.force;
  Outcome ready = replaces ? Outcome{Nothing{}} : directory_->check_vacant(job_lock_);
  if (ready) ready = acquire_job_lock(false);
  // A network file system may show the master's mark only when another is to be made.
  shares_ = !ready && directory_->holds_job_lock(job_.job_lock);
  if (shares_) return Nothing{};
  return !ready && replaces ? acquire_job_lock(true) : std::move(ready);
}

Outcome ScatterWorker::acquire_job_lock(bool replace) {
  auto lock = directory_->acquire_job_lock(job_lock_, replace, source_here());
  if (!lock) return std::move(lock.error());
  job_lock_file_ = std::move(*lock);
  marked_ = true;
  return Nothing{};
}

const std::string& ScatterWorker::source_here() const {
  return job_.machine == machine_id(post_.host) ? job_.source_id : job_.shared_source_id;
}

}  // namespace mpiferry::roles

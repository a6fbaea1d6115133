#include "engine/operations/scatter/worker_destination.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/destination_pattern.hpp"
#include "engine/disk/job_lock_file.hpp"
#include "engine/disk/job_owner.hpp"
#include "engine/disk/vacancy.hpp"
#include "engine/operations/scatter/predecessor.hpp"

namespace mpiferry::operations {

using job::Task;

// Workers that share a directory all hold the lock of the first. It has another text than the
// master's: by that they are known to share the master's directory.
WorkerDestination::WorkerDestination(const job::WorkerContext& context, const wire::Job& job)
    : context_(context),
      job_(job),
      layout_(job.layout),
      lock_(disk::job_lock_text(fmt::format("workers of {}", disk::job_of(job.job_lock)),
                                {context.self(), context.environment.storage.this_process()}),
            JobLock::Holders::several) {}

Task<Outcome> WorkerDestination::claim() {
  Outcome ready = co_await take_directory();  // may remove files: all else is checked before
  if (ready && context_.fsm.cancelled()) co_return Nothing{};
  if (ready) ready = check_writable();
  if (ready && job_.fsync) ready = directory_->sync();  // an ack means durable, path included
  co_return ready;
}

Task<Outcome> WorkerDestination::take_directory() {
  if (Outcome opened = open(); !opened) co_return opened;
  const Outcome locked = shares_masters_ ? Outcome{Nothing{}} : lock();
  // A full disk may have no room for a lock before files have gone.
  full_ = !locked && disk::is_full(locked.error());
  if (!locked && !(full_ && (job_.resume || job_.force || job_.reroute))) co_return locked;
  Outcome ready = Nothing{};
  if (job_.resume) {
    // Not in the call: GCC 12 and lambdas within co_await do not go together.
    std::function<bool()> stop = [this] { return has_to_stop(); };
    ready = co_await check_predecessor(context_.environment, *directory_, layout_, source_id_here(),
                                       stop);
    if (!ready) co_return ready;
    ready = co_await clear(context_.environment, *directory_, "", std::move(stop),
                           is_dead_partial_file);
  } else if (job_.force && !layout_.makes_one_file()) {
    ready = co_await replace();
  }
  const bool lock_now = full_ && !shares_masters_ && (job_.resume || job_.force);
  if (ready && lock_now && !context_.fsm.cancelled()) ready = lock();
  // What is there already needs no room, and what finds none may go elsewhere: without a lock then.
  const bool unlocked = !ready && disk::is_full(ready.error()) && (job_.resume || job_.reroute);
  co_return unlocked ? Outcome{Nothing{}} : std::move(ready);
}

Outcome WorkerDestination::open() {
  const std::string path =
      disk::expand_destination(job_.destination, context_.self(), context_.environment.host);
  if (!job_.reroute) {  // else what this worker cannot write goes elsewhere
    if (Outcome fits =
            check_largest_file(context_.environment.storage, job_, context_.self(), path);
        !fits)
      return fits;
  }
  auto directory = disk::Directory::open_or_create(context_.environment.storage, path);
  if (!directory) return std::move(directory.error());
  directory_ = std::make_shared<disk::Directory>(std::move(*directory));
  const auto shared = disk::JobLockFile{*directory_}.check(job_.job_lock, storage::File{});
  if (!shared) return shared.error();
  shares_masters_ = *shared;
  if (!layout_.makes_one_file() || shares_masters_) return Nothing{};
  return Failure{.code = Errc::dest_unusable,
                 .path = directory_->path(),
                 .detail = fmt::format("`layout` {}: this is not the directory that rank 0 sees "
                                       "there",
                                       layout_.name()),
                 .hint = "name a directory that all ranks share, or choose another layout"};
}

// --force: no worker removes anything before the master knows that the shares of all will fit.
Task<Outcome> WorkerDestination::replace() {
  std::function<bool()> stop = [this] { return has_to_stop(); };
  StaleFiles stale_files;
  if (!shares_masters_) {
    const auto found = co_await survey(context_.environment, *directory_, source_id_here(), stop);
    if (!found) co_return found.error();
    stale_files = *found;
  }
  wire::Ready capacity = ready_message({});  // as it is now: the survey may take its time
  capacity.capacity.freed = stale_files.bytes;
  capacity.capacity.freed_files = stale_files.files;
  context_.send_status(wire::Kind::capacity, capacity);
  waiting_ = true;
  while (!may_clear_ && !context_.fsm.cancelled()) co_await context_.changed.wait();
  waiting_ = false;
  // The master may have had no room for its lock before.
  if (full_) shares_masters_ = disk::JobLockFile{*directory_}.is_of(job_.job_lock);
  if (shares_masters_ || context_.fsm.cancelled()) co_return Nothing{};
  co_return co_await clear(context_.environment, *directory_, source_id_here(), std::move(stop));
}

Outcome WorkerDestination::lock() {
  const bool replaces = job_.resume || job_.force;
  Outcome ready = replaces ? Outcome{Nothing{}} : disk::check_vacant(*directory_, lock_.text());
  if (ready) ready = acquire_lock(false);
  // A network file system may show the master's lock only when another is to be made.
  shares_masters_ = !ready && disk::JobLockFile{*directory_}.is_of(job_.job_lock);
  if (shares_masters_) return Nothing{};
  return !ready && replaces ? acquire_lock(true) : std::move(ready);
}

Outcome WorkerDestination::acquire_lock(bool replace) {
  return lock_.acquire(*directory_, replace, source_id_here());
}

// After the files that are in the way have gone: they may be what fills the disk.
Outcome WorkerDestination::check_writable() const {
  Outcome writable = directory_->probe_writable();
  if (writable) return writable;
  // What is there already needs no room, and what finds none may go elsewhere.
  return disk::is_full(writable.error()) && (job_.resume || job_.reroute) ? Outcome{Nothing{}}
                                                                          : writable;
}

Outcome WorkerDestination::unpublish() {
  if (!job_.resume || shares_masters_ || std::exchange(unpublished_, true)) return Nothing{};
  const std::string own_sums = fmt::format("{}.{}", disk::kSumsName, context_.self().value);
  for (const std::string_view name :
       {disk::kManifestName, disk::kSumsName, std::string_view{own_sums}}) {
    if (Outcome removed = directory_->remove(name); !removed) return removed;
  }
  return job_.fsync ? directory_->sync() : Outcome{Nothing{}};
}

wire::Ready WorkerDestination::ready_message(const Share& kept) const {
  wire::Ready ready;
  ready.host = context_.environment.host;
  ready.machine = context_.environment.machine;
  if (!directory_) return ready;
  ready.directory = directory_->path();
  ready.directory_id = directory_->id();
  ready.shares_master_directory = shares_masters_;
  ready.capacity = capacity_for(job_, context_.self(), *directory_, kept);
  return ready;
}

bool WorkerDestination::has_to_stop() {
  if (context_.fsm.cancelled()) return true;
  context_.beat();
  return false;
}

const std::string& WorkerDestination::source_id_here() const {
  return job_.master.machine == context_.environment.machine ? job_.source.id
                                                             : job_.source.shared_id;
}

}  // namespace mpiferry::operations

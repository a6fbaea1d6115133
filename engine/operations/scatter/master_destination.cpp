#include "engine/operations/scatter/master_destination.hpp"

#include <functional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/destination_pattern.hpp"
#include "engine/disk/job_owner.hpp"
#include "engine/disk/manifest_file.hpp"
#include "engine/disk/vacancy.hpp"
#include "engine/job/preflight.hpp"
#include "engine/operations/scatter/predecessor.hpp"

namespace mpiferry::operations {

using job::Task;

MasterDestination::MasterDestination(job::MasterSession& session, const ScatterOptions& options,
                                     const SourceFacts& source,
                                     std::function<Task<>()> before_removal)
    : session_(session),
      options_(options),
      layout_(options.layout),
      source_(source),
      before_removal_(std::move(before_removal)),
      lock_(disk::job_lock_text(fmt::format("{:016x}", session.job_id()),
                                {kMaster, session.environment().storage.this_process()}),
            JobLock::Holders::one) {}

Task<Outcome> MasterDestination::claim() {
  auto directory = disk::Directory::open_or_create(
      session_.environment().storage,
      disk::expand_destination(options_.destination, kMaster, session_.environment().host));
  if (!directory) co_return std::move(directory.error());
  directory_.emplace(std::move(*directory));
  Outcome taken = co_await take_directory();
  if (!taken || session_.failed() || !layout_.makes_one_file()) co_return taken;
  auto file = SharedFile::open(*directory_, source_, options_.resume);
  if (!file) co_return std::move(file.error());
  file_.emplace(std::move(*file));
  co_return sync_if_durable();
}

// The lock comes first, so that what is removed then is no running job's; but a full disk may have
// no room for one before.
Task<Outcome> MasterDestination::take_directory() {
  const bool replaces = options_.resume || options_.force;
  Outcome ready = replaces ? Outcome{Nothing{}} : disk::check_vacant(*directory_, "");
  if (ready) ready = acquire_lock();
  if (!ready && !(replaces && disk::is_full(ready.error()))) co_return ready;
  if (options_.resume) {
    ready = co_await resume();
  } else if (options_.force) {
    ready = co_await replace();
  }
  if (session_.failed()) co_return Nothing{};  // interrupted meanwhile
  if (ready && !lock_.held() && !clears()) ready = acquire_lock();
  if (ready) ready = sync_if_durable();
  co_return ready;
}

Outcome MasterDestination::acquire_lock() {
  return lock_.acquire(*directory_, options_.resume || options_.force, source_.id);
}

// With --fsync an ack means durable: so must be the directories above the chunk.
Outcome MasterDestination::sync_if_durable() const {
  return options_.fsync ? directory_->sync() : Outcome{Nothing{}};
}

// --force. The space of one file is the master's to find, and only it removes files; in the other
// layouts nothing goes before all workers have said what they need.
Task<Outcome> MasterDestination::replace() {
  // Not in the call: GCC 12 and lambdas within co_await do not go together.
  std::function<bool()> stop = [this] { return session_.failed(); };
  const auto found =
      co_await survey(session_.environment(), *directory_, source_.id, std::move(stop));
  if (!found) co_return found.error();
  stale_files_ = *found;
  if (clears() || session_.failed()) co_return Nothing{};
  Outcome fits = check_capacity_for_file();
  if (fits) fits = co_await remove_stale_files();
  co_return fits;
}

bool MasterDestination::clears() const noexcept {
  return options_.force && !options_.discard && !layout_.makes_one_file();
}

Task<Outcome> MasterDestination::clear() {
  Outcome ready = co_await remove_stale_files();
  if (session_.failed()) co_return Nothing{};  // interrupted meanwhile
  if (ready && !lock_.held()) ready = acquire_lock();
  if (ready) ready = sync_if_durable();
  co_return ready;
}

Task<Outcome> MasterDestination::remove_stale_files() {
  co_await before_removal_();
  if (session_.failed()) co_return Nothing{};
  clearing_ = true;
  std::function<bool()> stop = [this] { return session_.failed(); };
  co_return co_await operations::clear(session_.environment(), *directory_, source_.id,
                                       std::move(stop));
}

// What will not fit, whatever goes, must not make anything go.
Outcome MasterDestination::check_capacity_for_file() const {
  if (!source_.size || !layout_.makes_one_file()) return Nothing{};
  const std::string path = directory_->path_of(disk::kSharedFileName);
  Outcome fits = job::check_file_size(session_.environment().storage, *source_.size, path);
  return fits ? job::check_capacity(*directory_, path, source_.data_size(), stale_files_.bytes)
              : std::move(fits);
}

// --resume: another job's files stay, what nobody can use goes. Its manifest goes as soon as it is
// not true any more.
Task<Outcome> MasterDestination::resume() {
  std::function<bool()> stop = [this] { return session_.failed(); };
  Outcome ready =
      co_await check_predecessor(session_.environment(), *directory_, layout_, source_.id, stop);
  if (ready && !session_.failed()) ready = check_finished();
  if (!ready) co_return ready;
  co_return co_await operations::clear(session_.environment(), *directory_, "", std::move(stop),
                                       is_dead_partial_file);
}

// The manifest that is there is replaced in the end, if it is of this layout.
Outcome MasterDestination::check_finished() {
  auto manifest = disk::read_manifest(*directory_);
  if (!manifest) return Nothing{};  // there is none, or a power cut has left half of one
  if (manifest->layout != options_.layout) {
    return Failure{.code = Errc::dest_occupied,
                   .path = directory_->path_of(disk::kManifestName),
                   .detail = fmt::format("the job that finished here has the layout {}, and this "
                                         "one has {}",
                                         wire::layout_name(manifest->layout),
                                         wire::layout_name(options_.layout)),
                   .hint = fmt::format("resume with `layout` {}, or replace all with `force`",
                                       wire::layout_name(manifest->layout))};
  }
  finished_ = std::move(*manifest);
  return Nothing{};
}

// What will not fit stays what it was.
Outcome MasterDestination::unpublish() {
  if (!options_.resume || options_.discard || unpublished_) return Nothing{};
  if (file_) {
    if (Outcome reserved = file_->reserve(); !reserved) return reserved;
  }
  unpublished_ = true;
  for (const std::string_view name : {disk::kManifestName, disk::kSumsName}) {
    if (Outcome removed = directory_->remove(name); !removed) return removed;
  }
  if (Outcome synced = sync_if_durable(); !synced || !file_) return synced;
  // Nothing is written into it as long as a power cut could give it its final name again.
  Outcome unpublished = file_->unpublish();
  return unpublished ? sync_if_durable() : unpublished;
}

Outcome MasterDestination::check_still_ours() const {
  if (Outcome there = directory_->check_in_place(); !there) return there;
  const auto held = lock_.check();
  if (!held) return held.error();
  if (*held) return Nothing{};
  return Failure{.code = Errc::dest_occupied,
                 .path = directory_->path(),
                 .detail = "another job took this directory over while this one ran",
                 .hint = "run one job at a time into a destination"};
}

void MasterDestination::release(bool failed, bool unused) {
  // An empty promise of the whole size helps nobody; what has been written may be resumed.
  if (file_ && failed && unused) file_->discard_if_new();
  lock_.release();
}

}  // namespace mpiferry::operations

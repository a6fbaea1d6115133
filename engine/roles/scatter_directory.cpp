// A scattering worker and its directory: the master's, or one that it marks as this job's itself.
#include <functional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/destination_pattern.hpp"
#include "engine/disk/job_owner.hpp"
#include "engine/disk/room.hpp"
#include "engine/plan/chunk_plan.hpp"
#include "engine/roles/clearing.hpp"
#include "engine/roles/predecessor.hpp"
#include "engine/roles/preflight.hpp"
#include "engine/roles/scatter_worker.hpp"

namespace mpiferry::roles {

// Who shares the master's directory finds it as the master has left it; a job that goes on looks
// for itself.
Task<Outcome> ScatterWorker::occupy() {
  auto directory = disk::Directory::open_or_create(
      disk::expand_destination(job_.destination, post_.self(), post_.host));
  if (!directory) co_return std::move(directory.error());
  directory_ = std::make_shared<disk::Directory>(std::move(*directory));
  shares_ = directory_->holds_token(job_.token);
  if (job_.layout == wire::Layout::file && !shares_) {
    co_return Failure{.code = Errc::dest_unusable,
                      .path = directory_->path(),
                      .detail = "--layout file: this is not the directory that rank 0 sees there",
                      .hint = "name a directory that all ranks share, or choose another layout"};
  }
  Outcome ready = shares_ ? Outcome{Nothing{}} : mark();
  const bool replaces = job_.resume || (job_.force && !shares_);
  // A full disk may have no room for a mark before files have gone.
  const bool full = !ready && disk::is_full(ready.error());
  if (!ready && !(full && (replaces || job_.reroute))) co_return ready;
  ready = Nothing{};
  // Not in the calls: GCC 12 and lambdas within co_await do not go together.
  std::function<bool()> stop = [this] { return has_to_stop(); };
  if (job_.resume) {
    ready = check_predecessor(*directory_, job_.layout, source_here());
    if (!ready) co_return ready;
    ready = co_await clear(post_.context, *directory_, "", std::move(stop), is_dead_part);
  } else if (replaces) {
    ready = check_share();
    if (!ready) co_return ready;
    ready = co_await clear(post_.context, *directory_, source_here(), std::move(stop));
  }
  if (ready && full && replaces && !post_.attendant.hopeless()) ready = take_token(true);
  // What is there already needs no room, and what finds none may go elsewhere: unmarked then.
  const bool unmarked = !ready && disk::is_full(ready.error()) && (job_.resume || job_.reroute);
  co_return unmarked ? Outcome{Nothing{}} : std::move(ready);
}

// --force: a share that will not fit, whatever goes, must not make anything go.
Outcome ScatterWorker::check_share() const {
  if (!job_.source_size || job_.reroute) return Nothing{};
  const plan::ChunkPlan plan{*job_.source_size, job_.chunk_size, job_.workers};
  return check_room(*directory_, directory_->path(), plan.bytes_of(post_.self()),
                    disk::room_of_leftovers(*directory_));
}

// Workers that share a directory all hold the mark of the first. It has another text than the
// master's: by that they are known to share the master's directory.
Outcome ScatterWorker::mark() {
  token_ = disk::mark_text(fmt::format("workers of {}", disk::job_of(job_.token)),
                           disk::JobOwner::of_this_process(post_.self()));
  const bool replaces = job_.resume || job_.force;
  Outcome ready = replaces ? Outcome{Nothing{}} : directory_->check_vacant(token_);
  if (ready) ready = take_token(false);
  // A network file system may show the master's mark only when another is to be made.
  shares_ = !ready && directory_->holds_token(job_.token);
  if (shares_) return Nothing{};
  return !ready && replaces ? take_token(true) : std::move(ready);
}

Outcome ScatterWorker::take_token(bool replace) {
  auto lock = directory_->take_token(token_, replace, source_here());
  if (!lock) return std::move(lock.error());
  token_lock_ = std::move(*lock);
  marked_ = true;
  return Nothing{};
}

// The id of the source, if it is a file of this host.
std::string ScatterWorker::source_here() const {
  const std::string here = post_.host + " ";
  return job_.source_id.starts_with(here) ? job_.source_id.substr(here.size()) : std::string{};
}

}  // namespace mpiferry::roles

// The scattering master and what lies at its destination already: refused, replaced or gone on
// with.
#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/free_space.hpp"
#include "engine/disk/manifest_file.hpp"
#include "engine/plan/data_share.hpp"
#include "engine/roles/clearing.hpp"
#include "engine/roles/predecessor.hpp"
#include "engine/roles/preflight.hpp"
#include "engine/roles/scatter_master.hpp"

namespace mpiferry::roles {

// The mark comes first, so that what is removed then is no running job's; but a full disk may have
// no room for one before.
Task<Outcome> ScatterMaster::take_directory() {
  const bool replaces = options_.resume || options_.force;
  Outcome ready = replaces ? Outcome{Nothing{}} : directory_->check_vacant("");
  if (ready) ready = acquire_job_lock(replaces);
  if (!ready && !(replaces && disk::is_full(ready.error()))) co_return ready;
  if (options_.resume) {
    ready = co_await take_over();
  } else if (options_.force) {
    ready = co_await replace();
  }
  if (fsm_.failed()) co_return Nothing{};  // interrupted meanwhile
  if (ready && !holds_job_lock_ && !clears()) ready = acquire_job_lock(replaces);
  // With --fsync an ack means durable: so must be the directories above the chunk.
  if (ready && options_.fsync) ready = directory_->sync();
  co_return ready;
}

// --force. The space of one file is the master's to find, and only it removes files; in the other
// layouts nothing goes before all workers have said what they need.
Task<Outcome> ScatterMaster::replace() {
  // Not in the call: GCC 12 and lambdas within co_await do not go together.
  std::function<bool()> stop = [this] { return fsm_.failed(); };
  const auto found =
      co_await survey(context_, *directory_, reader_->source().id(), std::move(stop));
  if (!found) co_return found.error();
  stale_files_ = *found;
  if (clears() || fsm_.failed()) co_return Nothing{};
  Outcome capacity = check_capacity_for_file();
  if (capacity) capacity = co_await clear_stale_files();
  co_return capacity;
}

bool ScatterMaster::clears() const {
  return options_.force && !options_.discard && options_.layout != wire::Layout::file;
}

Task<Outcome> ScatterMaster::clear_destination() {
  capacity_.add_freed_by_master(stale_files_.bytes, stale_files_.files);
  Outcome ready = capacity_.check(options_.layout);
  if (ready) ready = co_await clear_stale_files();
  if (fsm_.failed()) co_return Nothing{};  // interrupted meanwhile
  if (ready && !holds_job_lock_) ready = acquire_job_lock(true);
  if (ready && options_.fsync) ready = directory_->sync();
  if (ready) tell_to_clear();
  co_return ready;
}

Task<Outcome> ScatterMaster::clear_stale_files() {
  clearing_ = true;
  std::function<bool()> stop = [this] { return fsm_.failed(); };
  co_return co_await clear(context_, *directory_, reader_->source().id(), std::move(stop));
}

void ScatterMaster::tell_to_clear() {
  clear_messages_.emplace(1_B, workers());
  for (int rank = 1; rank < communicator_.size(); ++rank) {
    const mpi::Operation operation = send_sealed(
        context_, communicator_, {.kind = wire::Kind::clear, .job_id = job_id_, .length = 0_B},
        *clear_messages_->try_acquire(), Rank{rank}, wire::Tag::status);
    mpi::async_wait(context_, operation, ClearSent{this});
  }
}

void ScatterMaster::ClearSent::operator()(const mpi::ErrorCode& error,
                                          mpi::Completion completion) const {
  if (error) self->fail(completion.failure(error));
  completion.lease.reset();
}

Outcome ScatterMaster::acquire_job_lock(bool replace) {
  auto lock = directory_->acquire_job_lock(job_lock_, replace, reader_->source().id());
  if (!lock) return std::move(lock.error());
  holds_job_lock_ = true;
  job_lock_file_ = std::move(*lock);
  return Nothing{};
}

Failure ScatterMaster::taken_over() const {
  return {.code = Errc::dest_occupied,
          .path = directory_->path(),
          .detail = "another job took this directory over while this one ran",
          .hint = "run one job at a time into a destination"};
}

// --resume: another job's files stay, what nobody can use goes. Its manifest goes as soon as it is
// not true any more.
Task<Outcome> ScatterMaster::take_over() {
  Outcome ready = check_predecessor(*directory_, options_.layout, reader_->source().id());
  if (ready) ready = check_finished();
  if (!ready) co_return ready;
  std::function<bool()> stop = [this] { return fsm_.failed(); };
  ready = co_await clear(context_, *directory_, "", std::move(stop), is_dead_partial_file);
  if (ready) held_chunks_.emplace(workers(), chunks_.value_or(kMaxChunks));
  co_return ready;
}

// The manifest that is there is replaced in the end, if it is of this layout.
Outcome ScatterMaster::check_finished() {
  auto manifest = disk::read_manifest(*directory_);
  if (!manifest) return Nothing{};  // there is none, or a power cut has left half of one
  if (manifest->layout != options_.layout) {
    return Failure{.code = Errc::dest_occupied,
                   .path = directory_->path_of(disk::kManifestName),
                   .detail = fmt::format("the job that finished here has the layout {}, and this "
                                         "one has {}",
                                         wire::layout_name(manifest->layout),
                                         wire::layout_name(options_.layout)),
                   .hint = fmt::format("resume with --layout {}, or replace all with --force",
                                       wire::layout_name(manifest->layout))};
  }
  finished_ = std::move(*manifest);
  return Nothing{};
}

// Before anything changes at the destination: what lies there is no finished job any more. One that
// will not fit stays what it was.
Outcome ScatterMaster::unpublish() {
  if (!options_.resume || options_.discard || unpublished_) return Nothing{};
  if (file_) {
    if (Outcome reserved = reserve(); !reserved) return reserved;
  }
  unpublished_ = true;
  for (const std::string_view name : {disk::kManifestName, disk::kSumsName}) {
    if (Outcome removed = directory_->remove(name); !removed) return removed;
  }
  if (options_.fsync) {
    if (Outcome synced = directory_->sync(); !synced) return synced;
  }
  if (!file_) return Nothing{};
  Outcome part = file_->unpublish();
  return part ? reserve() : part;
}

// Of a finished job: one that takes another's place is written beside it.
Outcome ScatterMaster::check_capacity_beside(ChunkIndex chunk, Rank worker) const {
  if (!finished_ || options_.layout != wire::Layout::chunks || !held_chunks_->finds(chunk)) {
    return Nothing{};
  }
  return capacity_.check_beside(worker, reader_->length());
}

// Nothing was sent, and what lies there is this very job, as its manifest says.
bool ScatterMaster::is_complete() const {
  return finished_ && sender_->chunks_started() == sender_->chunks_kept() &&
         finished_->size == reader_->bytes() && finished_->digest == reader_->file_digest() &&
         finished_->chunk_size == options_.chunk_size && finished_->layout == options_.layout &&
         finished_->workers == peers_.manifest_workers() && finished_->moved.empty();
}

// The one file that all workers write into; they find it when they are invited.
Outcome ScatterMaster::open_file() {
  const std::string name{disk::kFileName};
  fresh_file_ =
      !options_.resume || !(directory_->exists(name) || directory_->exists(name + ".part"));
  auto file = disk::OffsetPartialFile::open(
      *directory_, disk::kFileName,
      options_.resume ? disk::OpenMode::resume : disk::OpenMode::create, "",
      disk::mode_before(stamp(), mode()));
  if (!file) return std::move(file.error());
  file_.emplace(std::move(*file));
  // A finished file stays as it is until it is unpublished.
  return file_->is_published() ? Outcome{Nothing{}} : reserve();
}

// --force with one file: what will not fit, whatever goes, must not make anything go.
Outcome ScatterMaster::check_capacity_for_file() const {
  const auto size = reader_->source().size();
  if (!size || options_.layout != wire::Layout::file) return Nothing{};
  const std::string path = directory_->path_of(disk::kFileName);
  Outcome fits = check_file_size(*size, path);
  return fits ? check_capacity(*directory_, path, data_size(*size), stale_files_.bytes)
              : std::move(fits);
}

Outcome ScatterMaster::reserve() {
  const auto size = reader_->source().size();
  if (!size) return Nothing{};
  const Bytes data = data_size(*size);
  const std::string name = std::string{disk::kFileName} + (file_->is_published() ? "" : ".part");
  const Bytes there =
      sparse() ? file_->allocated() : disk::filled_space_of(*directory_, name).value_or(0_B);
  const Bytes needed = data - std::min(data, there);
  // Before: a reservation that fails in the middle of holes that are there cannot be undone.
  if (Outcome capacity = check_capacity(*directory_, file_->path(), needed); !capacity)
    return capacity;
  if (!sparse()) return file_->preallocate(*size);
  return file_->is_published() ? Outcome{Nothing{}} : file_->extend(*size);
}

Bytes ScatterMaster::data_size(Bytes size) const noexcept {
  return sparse() ? plan::sum_of(data_) : size;
}

// --preserve: what the file gets beside its bytes.
disk::FileStamp ScatterMaster::stamp() const noexcept {
  const auto& attributes = reader_->source().attributes();
  return options_.preserve && attributes ? disk::FileStamp::of(*attributes) : disk::FileStamp{};
}

std::uint32_t ScatterMaster::mode() const noexcept {
  const auto& attributes = reader_->source().attributes();
  return attributes ? attributes->mode : wire::kAnyMode;
}

}  // namespace mpiferry::roles

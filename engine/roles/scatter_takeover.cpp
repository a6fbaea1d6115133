// The scattering master and what lies at its destination already: refused, replaced or gone on
// with.
#include <functional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "engine/roles/clearing.hpp"
#include "engine/roles/manifest_file.hpp"
#include "engine/roles/predecessor.hpp"
#include "engine/roles/scatter_master.hpp"

namespace mpiferry::roles {

Task<Outcome> ScatterMaster::take_directory() {
  Outcome ready = Nothing{};
  if (options_.resume) {
    ready = co_await take_over();
  } else if (options_.force) {
    ready = directory_->check_nobody_holds_token();
    // Not in the call: GCC 12 and lambdas within co_await do not go together.
    std::function<bool()> stop = [this] { return conductor_.failed(); };
    if (ready) {
      clearing_ = true;
      ready = co_await clear(context_, *directory_, "", reader_->source().id(), std::move(stop));
    }
  } else {
    ready = directory_->check_vacant("");
  }
  if (conductor_.failed()) co_return Nothing{};  // interrupted meanwhile
  if (ready) ready = directory_->create_token(token_);
  if (!ready) co_return ready;
  holds_token_ = true;
  token_lock_ = directory_->hold_token(token_);
  // In the moment before it was held another job may have taken it for a dead one's.
  if (!directory_->holds_token(token_)) co_return taken_over();
  // With --fsync an ack means durable: so must be the directories above the chunk.
  co_return options_.fsync ? directory_->sync() : Outcome{Nothing{}};
}

Failure ScatterMaster::taken_over() const {
  return {.code = Errc::dest_occupied,
          .path = directory_->path(),
          .detail = "another job took this directory over while this one ran",
          .hint = "run one job at a time into a destination"};
}

// --resume: another job's files stay, its mark and what it can not use go. Its manifest goes as
// soon as it is not true any more.
Task<Outcome> ScatterMaster::take_over() {
  Outcome ready = directory_->check_nobody_holds_token();
  if (ready) {
    ready = check_predecessor(*directory_, "", options_.layout, reader_->source().id());
  }
  if (ready) ready = check_finished();
  if (!ready) co_return ready;
  std::function<bool()> stop = [this] { return conductor_.failed(); };
  ready = co_await clear(context_, *directory_, "", "", std::move(stop), is_dead_part);
  if (ready && !conductor_.failed()) ready = directory_->remove_dead_token();
  if (ready) inventory_.emplace(workers(), chunks_.value_or(kMaxChunks));
  co_return ready;
}

// The manifest that is there is replaced in the end, if it is one, and of this layout.
Outcome ScatterMaster::check_finished() {
  const std::string path = directory_->path_of(disk::kManifestName);
  if (is_foreign_manifest(*directory_)) {
    return Failure{.code = Errc::dest_occupied,
                   .path = path,
                   .detail = "is no manifest of mpiferry",
                   .hint = "move it away, name another destination, or replace all with --force"};
  }
  auto manifest = read_manifest(*directory_);
  if (!manifest) return Nothing{};  // there is none, or a power cut has left half of one
  if (manifest->layout != options_.layout) {
    return Failure{.code = Errc::dest_occupied,
                   .path = path,
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

// Before anything changes at the destination: what lies there is no finished job any more.
Outcome ScatterMaster::retract() {
  if (!options_.resume || options_.discard || std::exchange(retracted_, true)) return Nothing{};
  for (const std::string_view name : {disk::kManifestName, disk::kSumsName}) {
    if (Outcome removed = directory_->remove(name); !removed) return removed;
  }
  if (options_.fsync) {
    if (Outcome synced = directory_->sync(); !synced) return synced;
  }
  if (!file_) return Nothing{};
  Outcome part = file_->retract();
  return part ? reserve() : part;
}

// Nothing was sent, and what lies there is this very job, as its manifest says.
bool ScatterMaster::is_complete() const {
  return finished_ && sender_->chunks_started() == sender_->chunks_kept() &&
         finished_->size == reader_->bytes() && finished_->digest == reader_->file_digest() &&
         finished_->chunk_size == options_.chunk_size && finished_->layout == options_.layout &&
         finished_->workers == crew_.manifest_workers() && finished_->moved.empty();
}

// The one file that all workers write into; they find it when they are invited.
Outcome ScatterMaster::open_file() {
  const std::string name{disk::kFileName};
  fresh_file_ =
      !options_.resume || !(directory_->exists(name) || directory_->exists(name + ".part"));
  auto file = disk::OffsetPart::open(*directory_, disk::kFileName,
                                     options_.resume ? disk::Begin::keep : disk::Begin::fresh);
  if (!file) return std::move(file.error());
  file_.emplace(std::move(*file));
  // A finished file stays as it is until it is retracted.
  return file_->is_published() ? Outcome{Nothing{}} : reserve();
}

Outcome ScatterMaster::reserve() {
  const auto size = reader_->source().size();
  return size ? file_->preallocate(*size) : Outcome{Nothing{}};
}

}  // namespace mpiferry::roles

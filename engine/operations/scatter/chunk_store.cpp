#include "engine/operations/scatter/chunk_store.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/file_name.hpp"
#include "engine/disk/stored_file.hpp"
#include "engine/operations/scatter/publication.hpp"
#include "engine/plan/chunk_plan.hpp"

namespace mpiferry::operations {

ChunkStore::ChunkStore(std::shared_ptr<const disk::Directory> directory, wire::Job job, Rank self,
                       std::uint64_t job_id)
    : directory_(std::move(directory)),
      job_(std::move(job)),
      self_(self),
      job_id_(job_id),
      layout_(job_.layout),
      distribution_(plan::Distribution::round_robin(job_.workers)),
      file_name_(disk::file_name(layout_.file_of(false), {}, self)),
      mode_(job_.source.attributes ? job_.source.attributes->mode : wire::kAnyMode) {
  if (job_.source.attributes && job_.preserve)
    stamp_ = disk::FileStamp::of(*job_.source.attributes);
  mode_ = disk::mode_before(stamp_, mode_);
}

ChunkStore::~ChunkStore() {
  if (file_ && layout_.makes_worker_files() && end_ == 0_B && !job_.resume) {
    file_->discard();
  }
}

// A stripe that is there is opened now, to be looked at; one that is not, when it is needed.
Outcome ChunkStore::open() {
  if (layout_.makes_one_file()) return open(file_name_, disk::OpenMode::attach);
  if (layout_.makes_worker_files() && job_.resume &&
      (directory_->exists(file_name_) || directory_->exists(disk::partial_name(file_name_)))) {
    return open(file_name_, disk::OpenMode::resume);
  }
  return Nothing{};
}

Outcome ChunkStore::open(std::string_view name, disk::OpenMode mode) {
  auto file = disk::OffsetPartialFile::open(*directory_, name, mode, "", mode_);
  if (!file) return std::move(file.error());
  file_.emplace(std::move(*file));
  if (job_.direct) file_->go_direct();
  return Nothing{};
}

bool ChunkStore::is_moved(ChunkIndex chunk) const noexcept {
  return distribution_.worker_of(chunk) != self_;
}

bool ChunkStore::has_own_file(ChunkIndex chunk) const noexcept {
  return layout_.has_own_file(is_moved(chunk));
}

Bytes ChunkStore::place(ChunkIndex chunk) const noexcept {
  return layout_.place(chunk, is_moved(chunk), distribution_, job_.chunk_size);
}

bool ChunkStore::begin_inspection(ChunkIndex chunk, std::optional<Bytes> length) {
  if (has_own_file(chunk)) {
    auto file = disk::StoredFile::open(*directory_, disk::ChunkName{chunk}.view());
    if (!file || (length && file->size() != *length) || file->size() > job_.chunk_size)
      return false;
    inspection_.begin(std::move(*file));
    return true;
  }
  if (!file_) return false;
  const auto size = file_->size();
  const Bytes begin = place(chunk);
  if (!size || *size <= begin) return false;
  const Bytes there = std::min(*size - begin, length.value_or(job_.chunk_size));
  if (length && there != *length) return false;
  inspection_.begin(*file_, begin, there, layout_.makes_worker_files() ? &digest_ : nullptr);
  return true;
}

Result<disk::ChunkSlot> ChunkStore::slot(ChunkIndex chunk) {
  if (has_own_file(chunk)) {
    return disk::ChunkSlot{
        directory_->open_partial(disk::ChunkName{chunk}.view(), job_id_,
                                 {.direct = job_.direct, .mode = mode_, .stamp = &stamp_})};
  }
  // An ack has room for an errno, and for no other reason.
  const auto refused = [](disk::Call call, Failure& failure) -> Result<disk::ChunkSlot> {
    if (failure.system_errno == 0) return std::move(failure);
    return disk::ChunkSlot{disk::WriteError{call, failure.system_errno}};
  };
  if (!file_) {
    Outcome opened = open(file_name_, disk::OpenMode::create);
    failed_ = !opened;
    if (failed_) return refused(disk::Call::open, opened.error());
  }
  // What is written from now on is no finished file any more. One that will not fit stays what it
  // was.
  if (file_->is_published()) {
    if (Outcome reserved = reserve(); !reserved) {
      return refused(disk::Call::allocate, reserved.error());
    }
    if (Outcome unpublished = file_->unpublish(); !unpublished) {
      return refused(disk::Call::rename, unpublished.error());
    }
  }
  // What was digested there is no more, even if the write fails.
  digest_.invalidate(place(chunk));
  return disk::ChunkSlot{*file_, place(chunk), zeros()};
}

Outcome ChunkStore::reserve() {
  if (!job_.source.size || job_.source.data) return Nothing{};  // what is reserved is no hole
  return file_->preallocate(distribution_.bytes_of(self_, {*job_.source.size, job_.chunk_size}));
}

disk::ChunkSlot::Zeros ChunkStore::zeros() const noexcept {
  if (!job_.source.data) return disk::ChunkSlot::Zeros::write;
  return job_.resume ? disk::ChunkSlot::Zeros::punch : disk::ChunkSlot::Zeros::skip;
}

void ChunkStore::on_kept(ChunkIndex chunk, Bytes length) {
  // One that was written in this job, or lies before one that was, has no say: of what was there in
  // its place `length` speaks.
  if (file_ && end_ <= place(chunk)) end_ = place(chunk) + length;
}

Outcome ChunkStore::stamp(ChunkIndex chunk) const {
  if (!job_.preserve || !has_own_file(chunk)) return Nothing{};
  const auto file = disk::StoredFile::open(*directory_, disk::ChunkName{chunk}.view());
  return file ? file->put(stamp_) : Outcome{file.error()};
}

void ChunkStore::on_written(ChunkIndex chunk, std::span<const std::byte> payload) {
  if (!file_ || has_own_file(chunk)) return;
  const Bytes begin = place(chunk);
  end_ = std::max(end_, begin + Bytes{payload.size()});
  if (layout_.makes_worker_files()) digest_.add(begin, payload);
}

Outcome ChunkStore::publish() {
  if (layout_.makes_one_file()) return close();
  if (!layout_.makes_worker_files()) return Nothing{};
  if (!file_) {  // not a single chunk has come, or none could be written
    if (failed_) return Nothing{};
    if (Outcome opened = open(file_name_, disk::OpenMode::create); !opened) return opened;
  }
  stripe_digest_ = digest_.value();
  if (const auto error = file_->publish(end_, job_.fsync, /*replace=*/true, stamp_)) {
    return write_failure(directory_->path(), file_name_, error.call, error.system_errno);
  }
  return job_.fsync ? directory_->sync() : Outcome{Nothing{}};
}

Outcome ChunkStore::close() {
  if (const auto error = file_->close()) {
    return disk::destination_failure(Errc::dest_write_failed, file_->path(),
                                     wire::call_name(error.call), error.system_errno);
  }
  return Nothing{};
}

Result<bool> ChunkStore::catch_up(std::span<std::byte> buffer) {
  if (!layout_.makes_worker_files() || !file_) return false;
  if (job_.source.data) {  // it may end with a hole that nobody has made yet
    if (Outcome extended = file_->extend(end_); !extended) return std::move(extended.error());
  }
  digest_.invalidate(end_);  // it becomes shorter
  if (digest_.end() == end_) return false;
  const auto got = file_->read(digest_.end(), buffer);
  if (!got) return got.error();
  const auto bytes = std::min<std::uint64_t>(*got, (end_ - digest_.end()).value);
  digest_.add(digest_.end(), buffer.first(bytes));
  return bytes > 0;
}

}  // namespace mpiferry::operations

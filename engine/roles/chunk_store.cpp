#include "engine/roles/chunk_store.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/disk/chunk_name.hpp"
#include "engine/disk/stripe_name.hpp"
#include "engine/plan/placement.hpp"
#include "engine/roles/publication.hpp"

namespace mpiferry::roles {

ChunkStore::ChunkStore(std::shared_ptr<const disk::Directory> directory, const wire::Job& job,
                       Rank self, std::uint64_t job_id)
    : directory_(std::move(directory)), job_(job), self_(self), job_id_(job_id) {}

ChunkStore::~ChunkStore() {
  if (file_ && job_.layout == wire::Layout::stripes && end_ == 0_B) file_->discard();
}

Outcome ChunkStore::open() {
  if (job_.layout != wire::Layout::file) return Nothing{};
  return open(disk::kFileName, disk::Begin::join);
}

Outcome ChunkStore::open(std::string_view name, disk::Begin begin) {
  auto file = disk::OffsetPart::open(*directory_, name, begin);
  if (!file) return std::move(file.error());
  file_.emplace(std::move(*file));
  if (job_.direct) file_->go_direct();
  return Nothing{};
}

Bytes ChunkStore::place(ChunkIndex chunk) const noexcept {
  return plan::place(job_.layout, chunk, job_.workers, job_.chunk_size);
}

disk::ChunkSlot ChunkStore::slot(ChunkIndex chunk) {
  if (job_.layout == wire::Layout::chunks) {
    return disk::ChunkSlot{
        directory_->open_part(disk::ChunkName{chunk}.view(), job_id_, job_.direct)};
  }
  if (!file_) {
    if (const Outcome opened = open(disk::stripe_name(self_), disk::Begin::fresh); !opened) {
      return disk::ChunkSlot{disk::WriteError{disk::Call::open, opened.error().system_errno}};
    }
  }
  return {*file_, place(chunk)};
}

void ChunkStore::on_written(ChunkIndex chunk, std::span<const std::byte> payload) {
  if (!file_) return;
  const Bytes begin = place(chunk);
  end_ = std::max(end_, begin + Bytes{payload.size()});
  if (job_.layout != wire::Layout::stripes || begin != digested_) return;
  digest_.update(payload);
  digested_ += Bytes{payload.size()};
}

Outcome ChunkStore::publish() {
  if (job_.layout != wire::Layout::stripes) return Nothing{};
  if (!file_) {  // not a single chunk has come
    if (Outcome opened = open(disk::stripe_name(self_), disk::Begin::fresh); !opened) return opened;
  }
  if (Outcome digested = digest_stripe(); !digested) return digested;
  if (const auto error = file_->publish(end_, job_.fsync, /*replace=*/true)) {
    return write_failure(directory_->path(), disk::stripe_name(self_), error.call,
                         error.system_errno);
  }
  return job_.fsync ? directory_->sync() : Outcome{Nothing{}};
}

// What was written out of order (a chunk was sent again) is read back.
Outcome ChunkStore::digest_stripe() {
  std::vector<std::byte> buffer(digested_ < end_ ? std::size_t{1} << 20U : 0);
  while (digested_ < end_) {
    const auto got = file_->read(digested_, buffer);
    if (!got) return got.error();
    if (*got == 0) break;
    const auto bytes = std::min<std::uint64_t>(*got, (end_ - digested_).value);
    digest_.update(std::span{buffer}.first(bytes));
    digested_ += Bytes{bytes};
  }
  stripe_digest_ = digest_.value();
  return Nothing{};
}

}  // namespace mpiferry::roles

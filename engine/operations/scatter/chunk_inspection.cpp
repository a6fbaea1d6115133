#include "engine/operations/scatter/chunk_inspection.hpp"

#include <algorithm>
#include <utility>

namespace mpiferry::operations {

void ChunkInspection::begin(disk::StoredFile file) {
  begin(0_B, file.size());
  whole_ = nullptr;
  own_file_.emplace(std::move(file));
}

void ChunkInspection::begin(const disk::OffsetPartialFile& file, Bytes offset, Bytes length,
                            SequentialDigest* whole) {
  begin(offset, length);
  own_file_.reset();
  file_ = &file;
  whole_ = whole;
}

void ChunkInspection::begin(Bytes offset, Bytes length) {
  offset_ = offset;
  length_ = length;
  digested_ = 0_B;
  digest_.reset();
}

std::optional<std::optional<std::uint64_t>> ChunkInspection::step(std::span<std::byte> buffer) {
  const auto slice =
      buffer.first(std::min<std::uint64_t>(buffer.size(), (length_ - digested_).value));
  const Bytes begin = offset_ + digested_;
  const auto got = own_file_ ? own_file_->read(begin, slice) : file_->read(begin, slice);
  if (!got || *got < slice.size()) return std::optional<std::uint64_t>{};
  digest_.update(slice);
  if (whole_ != nullptr) whole_->add(begin, slice);
  digested_ += Bytes{slice.size()};
  if (digested_ < length_) return std::nullopt;
  return digest_.value();
}

}  // namespace mpiferry::operations

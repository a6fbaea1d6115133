#include "engine/disk/chunk_slot.hpp"

namespace mpiferry::disk {

void ChunkSlot::append(std::span<const std::byte> bytes) noexcept {
  if (error_) return;
  const Bytes at = offset_ + appended_;
  error_ = own_                     ? own_->append(bytes)
           : zeros_ == Zeros::write ? file_->write(at, bytes)
                                    : file_->write_sparse(at, bytes, zeros_ == Zeros::punch);
  appended_ += Bytes{bytes.size()};
}

void ChunkSlot::start_sync() const noexcept {
  if (error_) return;
  if (own_) {
    own_->start_sync();
  } else {
    file_->start_sync(offset_, appended_);
  }
}

void ChunkSlot::sync() noexcept {
  if (!error_) error_ = own_ ? own_->sync() : file_->sync();
}

void ChunkSlot::publish() noexcept {
  if (!error_ && own_) error_ = own_->publish(false);
}

}  // namespace mpiferry::disk

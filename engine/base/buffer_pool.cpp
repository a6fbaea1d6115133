#include "engine/base/buffer_pool.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>
#include <vector>

namespace mpiferry {
namespace {

constexpr std::align_val_t kAlignment{kPageSize};

struct FreeBlock {
  void operator()(std::byte* block) const noexcept { ::operator delete(block, kAlignment); }
};
using Block = std::unique_ptr<std::byte, FreeBlock>;

}  // namespace

struct Lease::Core {
  std::size_t payload_bytes;
  std::size_t capacity;
  std::vector<Block> blocks;     // everything that was ever allocated
  std::vector<std::byte*> free;  // payloads that are not on loan; the last one is the hottest
  std::size_t in_use = 0;
  std::size_t peak = 0;

  std::byte* allocate() {
    // A page before the payload: its last 64 bytes are the header.
    Block block{static_cast<std::byte*>(::operator new(kPageSize + payload_bytes, kAlignment))};
    std::byte* payload = block.get() + kPageSize;
    free.reserve(blocks.size() + 1);  // so that a lease can always be given back without allocating
    blocks.push_back(std::move(block));
    return payload;
  }
};

Lease::Lease(std::shared_ptr<Core> core, std::byte* payload) noexcept
    : core_(std::move(core)), payload_(payload) {}

Lease::Lease(Lease&& other) noexcept
    : core_(std::move(other.core_)), payload_(std::exchange(other.payload_, nullptr)) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    reset();
    core_ = std::move(other.core_);
    payload_ = std::exchange(other.payload_, nullptr);
  }
  return *this;
}

Lease::~Lease() { reset(); }

void Lease::reset() noexcept {
  if (payload_ == nullptr) return;
  core_->free.push_back(std::exchange(payload_, nullptr));
  --core_->in_use;
  core_.reset();
}

std::span<std::byte, kHeaderSize> Lease::header() const noexcept {
  assert(payload_ != nullptr);
  return std::span<std::byte, kHeaderSize>{payload_ - kHeaderSize, kHeaderSize};
}

std::span<std::byte> Lease::payload() const noexcept {
  assert(payload_ != nullptr);
  return {payload_, core_->payload_bytes};
}

std::span<std::byte> Lease::message(std::size_t payload_bytes) const noexcept {
  assert(payload_ != nullptr && payload_bytes <= core_->payload_bytes);
  return {payload_ - kHeaderSize, kHeaderSize + payload_bytes};
}

BufferPool::BufferPool(Bytes payload_bytes, std::size_t capacity)
    : core_(std::make_shared<Lease::Core>()) {
  core_->payload_bytes = payload_bytes.value;
  core_->capacity = capacity;
}

std::optional<Lease> BufferPool::try_acquire() {
  Lease::Core& core = *core_;
  if (core.in_use == core.capacity) return std::nullopt;
  std::byte* payload = nullptr;
  if (core.free.empty()) {
    payload = core.allocate();
  } else {
    payload = core.free.back();
    core.free.pop_back();
  }
  ++core.in_use;
  core.peak = std::max(core.peak, core.in_use);
  return Lease{core_, payload};
}

std::size_t BufferPool::in_use() const noexcept { return core_->in_use; }
std::size_t BufferPool::capacity() const noexcept { return core_->capacity; }
std::size_t BufferPool::peak() const noexcept { return core_->peak; }

}  // namespace mpiferry

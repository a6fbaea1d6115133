#include "engine/base/buffer_pool.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <sys/mman.h>
#include <utility>
#include <vector>

namespace mpiferry {
namespace {

// Large blocks are cut from slabs of whole huge pages: with small pages, the first touch of a
// window of large chunks is a tenth of a short transfer, and every copy between ranks looks up each
// page. Small blocks gain nothing from it, and would cost each pool up to a huge page.
constexpr std::size_t kHugePage = std::size_t{2} << 20U;
constexpr std::size_t kLargeBlock = kHugePage / 8;
// Many blocks, so that little is left over at the end; memory that is never touched costs nothing.
constexpr std::size_t kSlab = 32 * kHugePage;

constexpr std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

struct FreeSlab {
  std::align_val_t alignment;
  void operator()(std::byte* slab) const noexcept { ::operator delete(slab, alignment); }
};
using Slab = std::unique_ptr<std::byte, FreeSlab>;

Slab new_slab(std::size_t bytes, std::size_t alignment) {
  const std::align_val_t align{alignment};
  return {static_cast<std::byte*>(::operator new(bytes, align)), FreeSlab{align}};
}

}  // namespace

struct Lease::Core {
  std::size_t payload_bytes;
  std::size_t capacity;
  std::vector<Slab> slabs;      // everything that was ever allocated
  std::byte* unused = nullptr;  // of the last slab: blocks that were never on loan
  std::size_t blocks_unused = 0;
  std::vector<std::byte*> free;  // payloads that are not on loan; the last one is the hottest
  std::size_t in_use = 0;
  std::size_t peak = 0;

  // A page before the payload: its last 64 bytes are the header.
  std::size_t block_bytes() const { return kPageSize + round_up(payload_bytes, kPageSize); }

  void add_slab() {
    const bool large = block_bytes() >= kLargeBlock;
    const std::size_t page = large ? kHugePage : kPageSize;
    const std::size_t wanted =
        large ? std::min(capacity - in_use, std::max<std::size_t>(kSlab / block_bytes(), 1)) : 1;
    const std::size_t bytes = round_up(wanted * block_bytes(), page);
    slabs.push_back(new_slab(bytes, page));
    // Only advice: without huge pages it is as slow as it would have been.
    if (large) static_cast<void>(::madvise(slabs.back().get(), bytes, MADV_HUGEPAGE));
    free.reserve(in_use + wanted);  // so that a lease can always be given back without allocating
    unused = slabs.back().get();
    blocks_unused = wanted;
  }

  std::byte* allocate() {
    if (blocks_unused == 0) add_slab();
    --blocks_unused;
    return std::exchange(unused, unused + block_bytes()) + kPageSize;
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

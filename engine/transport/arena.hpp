// Memory for operations in flight: small blocks that are used again, so that a request costs no
// heap allocation once the first ones have been made.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace mpiferry::transport {

// Not thread-safe. Must outlive the blocks it lends.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(std::size_t bytes) {
    if (bytes > sizeof(Block)) return ::operator new(bytes);
    if (free_.empty()) {
      blocks_.push_back(std::make_unique<Block>());
      free_.reserve(blocks_.size());  // so that giving back never allocates
      return blocks_.back().get();
    }
    Block* block = free_.back();
    free_.pop_back();
    return block;
  }

  void deallocate(void* memory, std::size_t bytes) noexcept {
    if (bytes > sizeof(Block)) {
      ::operator delete(memory);
    } else {
      free_.push_back(static_cast<Block*>(memory));
    }
  }

 private:
  // Large enough for the largest operation: a coroutine's handler, a completion, Asio's own words.
  struct Block {
    alignas(std::max_align_t) std::byte bytes[320];
  };
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<Block*> free_;
};

// The arena as a standard allocator.
template <class T>
class ArenaAllocator {
 public:
  using value_type = T;
  explicit ArenaAllocator(Arena& arena) noexcept : arena_(&arena) {}
  template <class U>
  ArenaAllocator(const ArenaAllocator<U>& other) noexcept  // NOLINT(google-explicit-constructor)
      : arena_(other.arena_) {}

  T* allocate(std::size_t n) {
    static_assert(alignof(T) <= alignof(std::max_align_t));
    return static_cast<T*>(arena_->allocate(n * sizeof(T)));
  }
  void deallocate(T* memory, std::size_t n) noexcept { arena_->deallocate(memory, n * sizeof(T)); }
  bool operator==(const ArenaAllocator&) const noexcept = default;

 private:
  template <class U>
  friend class ArenaAllocator;
  Arena* arena_;
};

}  // namespace mpiferry::transport

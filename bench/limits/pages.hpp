// Memory as a program that cares would have it: aligned to pages, huge ones if the kernel has them
// (also for little: 2 MiB each), and touched. Into memory that is not aligned, the kernel's copy
// takes several times as long on some processors (as with a vector, which begins 16 bytes into a
// page), which would make a limit of a misfortune.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <sys/mman.h>

namespace mpiferry::limits {

// Copies share the bytes: work that is kept in a std::function is copied.
class Pages {
 public:
  // Throws std::bad_alloc.
  explicit Pages(std::size_t size)
      : size_{size}, bytes_{static_cast<std::byte*>(::operator new(rounded(), kHuge)), Free{}} {
    // Only advice.
    static_cast<void>(::madvise(bytes_.get(), rounded(), MADV_HUGEPAGE));
    std::ranges::fill(all(), std::byte{1});
  }
  std::byte* data() const { return bytes_.get(); }
  std::span<std::byte> all() const { return {data(), size_}; }
  // In a child: pages of its own, huge again, which a copy of the parent's would not be.
  void renew(std::byte value) const {
    static_cast<void>(::madvise(data(), rounded(), MADV_DONTNEED));
    std::ranges::fill(all(), value);
  }

 private:
  static constexpr std::align_val_t kHuge{std::size_t{2} << 20U};
  struct Free {
    void operator()(std::byte* bytes) const noexcept { ::operator delete(bytes, kHuge); }
  };
  std::size_t rounded() const {
    constexpr auto kPage = static_cast<std::size_t>(kHuge);
    return (std::max<std::size_t>(size_, 1) + kPage - 1) / kPage * kPage;
  }

  std::size_t size_;
  std::shared_ptr<std::byte> bytes_;
};

}  // namespace mpiferry::limits

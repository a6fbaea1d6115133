// The bytes of a simulated file, in pages that the disk has room for or not.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "engine/base/units.hpp"

namespace mpiferry::simulation {

// Counts the pages of a disk.
class Space {
 public:
  explicit Space(Bytes capacity) : total_(capacity.value / kPageSize) {}

  // Takes all of them or none.
  bool take(std::uint64_t pages) noexcept {
    if (pages > free()) return false;
    used_ += pages;
    return true;
  }
  // Whether there is room or not.
  void occupy(std::uint64_t pages) noexcept { used_ += pages; }
  void give_back(std::uint64_t pages) noexcept { used_ -= pages; }
  std::uint64_t total() const noexcept { return total_; }
  std::uint64_t free() const noexcept { return total_ - std::min(used_, total_); }

 private:
  std::uint64_t total_;
  std::uint64_t used_ = 0;
};

// Knows nothing of the file's size: what was never written reads as zeros, and nothing is kept
// behind the size when the file is cut there. The space outlives it.
class Contents {
 public:
  using Page = std::array<std::byte, kPageSize>;
  // The key is the page's number. A page that is reserved and was not written is a nullptr. Copies
  // share their pages until one of them is written.
  using Pages = std::map<std::uint64_t, std::shared_ptr<Page>>;

  explicit Contents(Space& space) : space_(space) {}
  Contents(const Contents&) = delete;
  Contents& operator=(const Contents&) = delete;
  ~Contents() { space_.give_back(pages_.size()); }

  // How many of `bytes` there was room for.
  std::size_t write(std::uint64_t offset, std::span<const std::byte> bytes);
  void read(std::uint64_t offset, std::span<std::byte> out) const;
  // Whether such pages have these bytes there.
  static bool match(const Pages& pages, std::uint64_t offset, std::span<const std::byte> bytes);
  // False, and nothing is reserved, if there is no room for all of it.
  bool reserve(std::uint64_t offset, std::uint64_t length);
  // Whole pages between `begin` and `end` are given back, the rest becomes zeros.
  void punch(std::uint64_t begin, std::uint64_t end);
  // Nothing is left from `end` on.
  void cut(std::uint64_t end);

  // The first byte from `offset` on that was written, or the first that was not, page by page.
  std::optional<std::uint64_t> next_data(std::uint64_t offset) const;
  std::uint64_t next_hole(std::uint64_t offset) const;

  const Pages& pages() const noexcept { return pages_; }
  // Instead of what there is, even if the disk has become too full for it.
  void restore(Pages pages);

 private:
  Page* writable(std::uint64_t number, bool whole);
  void zero(std::uint64_t begin, std::uint64_t end);
  void erase(Pages::iterator first, Pages::iterator last);

  Space& space_;
  Pages pages_;
};

}  // namespace mpiferry::simulation

#include "tests/simulation/disk/contents.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace mpiferry::simulation {
namespace {

std::uint64_t page_of(std::uint64_t offset) noexcept { return offset / kPageSize; }
std::uint64_t page_after(std::uint64_t offset) noexcept {
  return offset / kPageSize + (offset % kPageSize != 0 ? 1 : 0);
}

}  // namespace

std::size_t Contents::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const std::size_t into = (offset + done) % kPageSize;
    const std::size_t piece = std::min(bytes.size() - done, kPageSize - into);
    Page* const page = writable(page_of(offset + done), piece == kPageSize);
    if (page == nullptr) break;
    std::memcpy(page->data() + into, bytes.data() + done, piece);
    done += piece;
  }
  return done;
}

// The page, which is zeros if it is new, unless it will be overwritten as a `whole`. nullptr if the
// disk is full.
Contents::Page* Contents::writable(std::uint64_t number, bool whole) {
  auto found = pages_.lower_bound(number);
  if (found == pages_.end() || found->first != number) {
    if (!space_.take(1)) return nullptr;
    found = pages_.emplace_hint(found, number, nullptr);
  }
  std::shared_ptr<Page>& page = found->second;
  if (page == nullptr) {
    page = whole ? std::make_shared_for_overwrite<Page>() : std::make_shared<Page>();
  } else if (page.use_count() > 1) {
    page = std::make_shared<Page>(*page);
  }
  return page.get();
}

void Contents::read(std::uint64_t offset, std::span<std::byte> out) const {
  for (std::size_t done = 0; done < out.size();) {
    const std::size_t into = (offset + done) % kPageSize;
    const std::size_t piece = std::min(out.size() - done, kPageSize - into);
    const auto found = pages_.find(page_of(offset + done));
    if (found == pages_.end() || found->second == nullptr) {
      std::memset(out.data() + done, 0, piece);
    } else {
      std::memcpy(out.data() + done, found->second->data() + into, piece);
    }
    done += piece;
  }
}

bool Contents::match(const Pages& pages, std::uint64_t offset, std::span<const std::byte> bytes) {
  static constexpr Page kZeros{};
  while (!bytes.empty()) {
    const std::size_t into = offset % kPageSize;
    const std::size_t piece = std::min(bytes.size(), kPageSize - into);
    const auto found = pages.find(page_of(offset));
    const Page& page = found == pages.end() || found->second == nullptr ? kZeros : *found->second;
    if (std::memcmp(page.data() + into, bytes.data(), piece) != 0) return false;
    bytes = bytes.subspan(piece);
    offset += piece;
  }
  return true;
}

bool Contents::reserve(std::uint64_t offset, std::uint64_t length) {
  const std::uint64_t first = page_of(offset);
  const std::uint64_t last = page_after(offset + length);
  const auto there = std::distance(pages_.lower_bound(first), pages_.lower_bound(last));
  if (!space_.take(last - first - static_cast<std::uint64_t>(there))) return false;
  for (std::uint64_t number = first; number < last; ++number) pages_.try_emplace(number, nullptr);
  return true;
}

void Contents::punch(std::uint64_t begin, std::uint64_t end) {
  const std::uint64_t first = page_after(begin);
  const std::uint64_t last = page_of(end);
  if (first > last) return zero(begin, end);  // within one page
  zero(begin, first * kPageSize);
  zero(last * kPageSize, end);
  erase(pages_.lower_bound(first), pages_.lower_bound(last));
}

void Contents::cut(std::uint64_t end) {
  zero(end, page_after(end) * kPageSize);
  erase(pages_.lower_bound(page_after(end)), pages_.end());
}

// Fills part of one page with zeros.
void Contents::zero(std::uint64_t begin, std::uint64_t end) {
  const auto found = pages_.find(page_of(begin));
  if (begin == end || found == pages_.end() || found->second == nullptr) return;
  std::memset(writable(found->first, false)->data() + begin % kPageSize, 0, end - begin);
}

void Contents::erase(Pages::iterator first, Pages::iterator last) {
  space_.give_back(static_cast<std::uint64_t>(std::distance(first, last)));
  pages_.erase(first, last);
}

std::optional<std::uint64_t> Contents::next_data(std::uint64_t offset) const {
  const auto found = std::find_if(pages_.lower_bound(page_of(offset)), pages_.end(),
                                  [](const auto& page) { return page.second != nullptr; });
  if (found == pages_.end()) return std::nullopt;
  return std::max(offset, found->first * kPageSize);
}

std::uint64_t Contents::next_hole(std::uint64_t offset) const {
  std::uint64_t number = page_of(offset);
  for (auto found = pages_.find(number);
       found != pages_.end() && found->first == number && found->second != nullptr; ++found) {
    ++number;
  }
  return std::max(offset, number * kPageSize);
}

void Contents::restore(Pages pages) {
  space_.give_back(pages_.size());
  pages_ = std::move(pages);
  space_.occupy(pages_.size());
}

}  // namespace mpiferry::simulation

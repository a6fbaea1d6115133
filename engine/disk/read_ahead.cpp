#include "engine/disk/read_ahead.hpp"

#include <algorithm>

namespace mpiferry::disk {
namespace {

// A pread costs as much as copying some 4 KiB, so it is worth sharing below 16 KiB; 64 KiB of the
// file stay in the first-level caches until they are copied.
constexpr std::size_t kAhead = std::size_t{64} << 10U;
constexpr std::size_t kSmall = kAhead / 4;

}  // namespace

bool ReadAhead::pays_for(Bytes each) noexcept { return each <= Bytes{kSmall}; }

Result<ReadResult> ReadAhead::read(Source& source, Bytes offset, std::span<std::byte> out) {
  if (source.is_stream() || !pays_for(Bytes{out.size()}) || offset >= *source.size()) {
    return source.read(offset, out);
  }
  const auto rest = (*source.size() - offset).value;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), rest));
  const bool there = offset >= begin_ && (offset - begin_).value + wanted <= bytes_;
  if (!there) {
    buffer_.resize(kAhead);
    bytes_ = 0;
    const auto read = source.read(offset, buffer_);
    if (!read) return read.error();
    begin_ = offset;
    bytes_ = read->bytes;
  }
  const auto at = static_cast<std::ptrdiff_t>((offset - begin_).value);
  std::copy_n(buffer_.begin() + at, wanted, out.begin());
  return ReadResult{.bytes = wanted, .end = wanted == rest};
}

}  // namespace mpiferry::disk

#include "engine/job/chunk_limits.hpp"

#include <algorithm>

namespace mpiferry::job {
namespace {

constexpr Bytes kDefaultMemory = 256_MiB;

// docs/decisions/0014. Small chunks need more of them in flight to outlast a nap of either side,
// and durable ones to outlast the wait for the disk; many large ones only displace each other's
// bytes from the caches.
struct InFlight {
  Bytes of_small;  // fills the window with more than the usual number of chunks, up to
                   // kMaxUsualWindow
  Bytes of_large;  // cuts it to fewer, down to kMinWindow
};
constexpr InFlight kCached{2_MiB, 16_MiB};
constexpr InFlight kDurable{16_MiB, 32_MiB};
constexpr std::uint64_t kMinWindow = 2;
constexpr std::uint64_t kUsualWindow = 8;
constexpr std::uint64_t kMaxUsualWindow = 64;

std::uint64_t default_window(Bytes chunk_size, bool fsync) {
  const InFlight& in_flight = fsync ? kDurable : kCached;
  const std::uint64_t size = std::max<std::uint64_t>(1, chunk_size.value);
  const auto chunks = std::clamp(in_flight.of_small.value / size, kUsualWindow, kMaxUsualWindow);
  return std::min(chunks, std::max(kMinWindow, in_flight.of_large.value / size));
}

}  // namespace

Bytes ChunkLimits::memory_limit() const noexcept {
  return memory.value_or(std::max(kDefaultMemory, chunk_size));
}

std::uint64_t ChunkLimits::chunks_in_memory() const noexcept {
  // At least one: also for options that `validate` is going to refuse.
  return std::max<std::uint64_t>(
      1, memory_limit().value / std::max<std::uint64_t>(1, chunk_size.value));
}

std::uint32_t ChunkLimits::effective_window() const noexcept {
  return static_cast<std::uint32_t>(
      std::min(chunks_in_memory(), window ? *window : default_window(chunk_size, fsync)));
}

std::uint64_t ChunkLimits::buffers(std::uint32_t workers) const noexcept {
  return std::min(chunks_in_memory(), std::uint64_t{effective_window()} * workers);
}

}  // namespace mpiferry::job

#include "engine/roles/options.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "engine/disk/destination_pattern.hpp"
#include "engine/protocol/sender.hpp"

namespace mpiferry {
namespace {

constexpr Bytes kDefaultMemory = 256_MiB;

// docs/decisions/0014. Small chunks need more of them in flight to outlast a nap of either side,
// and durable ones to outlast the wait for the disk; many large ones only displace each other's
// bytes from the caches.
struct InFlight {
  Bytes of_small;  // fills the window with more than the usual number of chunks, up to kMaxChunks
  Bytes of_large;  // cuts it to fewer, down to kMinChunks
};
constexpr InFlight kCached{2_MiB, 16_MiB};
constexpr InFlight kDurable{16_MiB, 32_MiB};
constexpr std::uint64_t kMinChunks = 2;
constexpr std::uint64_t kUsualChunks = 8;
constexpr std::uint64_t kMaxChunks = 64;

std::uint64_t default_window(Bytes chunk_size, bool fsync) {
  const InFlight& in_flight = fsync ? kDurable : kCached;
  const std::uint64_t size = std::max<std::uint64_t>(1, chunk_size.value);
  const auto chunks = std::clamp(in_flight.of_small.value / size, kUsualChunks, kMaxChunks);
  return std::min(chunks, std::max(kMinChunks, in_flight.of_large.value / size));
}

Failure refuse(std::string detail) {
  return {.code = Errc::invalid_argument, .detail = std::move(detail)};
}

}  // namespace

bool Options::direct() const noexcept {
  // docs/decisions/0016: small writes that wait for the disk one by one lose against the cache.
  constexpr Bytes kMinDirect = 256_KiB;
  return fsync && (io == Io::direct || (io == Io::automatic && chunk_size >= kMinDirect));
}

Bytes Options::memory_limit() const noexcept {
  return memory.value_or(std::max(kDefaultMemory, chunk_size));
}

std::uint64_t Options::chunks_in_memory() const noexcept {
  // At least one: also for options that `validate` is going to refuse.
  return std::max<std::uint64_t>(
      1, memory_limit().value / std::max<std::uint64_t>(1, chunk_size.value));
}

std::uint32_t Options::effective_window() const noexcept {
  return static_cast<std::uint32_t>(
      std::min(chunks_in_memory(), window ? *window : default_window(chunk_size, fsync)));
}

std::uint64_t Options::master_buffers(std::uint32_t workers) const noexcept {
  return std::min(chunks_in_memory(), std::uint64_t{effective_window()} * workers);
}

Outcome validate(const Options& options) {
  if (options.source.empty()) return refuse("no source was named");
  if (options.destination.empty()) return refuse("the destination's name is empty");
  if (Outcome known = disk::check_pattern(options.destination); !known) return known;
  if (options.chunk_size < 1_B || options.chunk_size > kMaxChunkSize) {
    return refuse(
        fmt::format("--chunk-size {}: must be from 1 byte to 1 GiB", options.chunk_size.value));
  }
  if (options.window && (*options.window < 1 || *options.window > protocol::kMaxWindow)) {
    return refuse(
        fmt::format("--window {}: must be from 1 to {}", *options.window, protocol::kMaxWindow));
  }
  if (options.memory && *options.memory < options.chunk_size) {
    return refuse(fmt::format("--memory {}: must be at least {}, the --chunk-size",
                              options.memory->value, options.chunk_size.value));
  }
  if (options.discard && (options.fsync || options.force || options.resume)) {
    return refuse("--discard writes nothing: it goes with none of --fsync, --force and --resume");
  }
  if (options.force && options.resume) {
    return refuse("--resume goes on with what --force would remove: choose one of them");
  }
  if (options.io == Options::Io::direct && !options.fsync) {
    return refuse("--io direct: only with --fsync; without it nothing waits for the disk");
  }
  return check_stall_timeout(options.stall_timeout);
}

Outcome check_stall_timeout(std::chrono::milliseconds stall_timeout) {
  if (stall_timeout >= std::chrono::milliseconds::zero() &&
      stall_timeout <= wire::kMaxStallTimeout) {
    return Nothing{};
  }
  return refuse("--stall-timeout: must be from 0, which waits for ever, to a year");
}

}  // namespace mpiferry

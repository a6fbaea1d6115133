#include "engine/roles/options.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "engine/flow/sender.hpp"

namespace mpiferry {
namespace {

constexpr Bytes kDefaultMemory = 256_MiB;

// docs/decisions/0014: small chunks need more of them in flight to outlast a nap of either side,
// and durable ones to outlast the wait for the disk.
constexpr Bytes kDefaultInFlight = 2_MiB;
constexpr Bytes kDurableInFlight = 16_MiB;
constexpr std::uint64_t kFewestInFlight = 8;
constexpr std::uint64_t kMostInFlight = 64;

std::uint64_t default_window(Bytes chunk_size, bool fsync) {
  const Bytes in_flight = fsync ? kDurableInFlight : kDefaultInFlight;
  return std::clamp(in_flight.value / std::max<std::uint64_t>(1, chunk_size.value), kFewestInFlight,
                    kMostInFlight);
}

Failure refuse(std::string detail) {
  return {.code = Errc::invalid_argument, .detail = std::move(detail)};
}

}  // namespace

bool Options::direct() const noexcept {
  // docs/decisions/0016: small writes that wait for the disk one by one lose against the cache.
  constexpr Bytes kSmallestDirect = 256_KiB;
  return fsync && (io == Io::direct || (io == Io::automatic && chunk_size >= kSmallestDirect));
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
  if (options.chunk_size < 1_B || options.chunk_size > kMaxChunkSize) {
    return refuse(
        fmt::format("--chunk-size {}: must be from 1 byte to 1 GiB", options.chunk_size.value));
  }
  if (options.window && (*options.window < 1 || *options.window > flow::kMaxWindow)) {
    return refuse(
        fmt::format("--window {}: must be from 1 to {}", *options.window, flow::kMaxWindow));
  }
  if (options.memory && *options.memory < options.chunk_size) {
    return refuse(fmt::format("--memory {}: must be at least {}, the --chunk-size",
                              options.memory->value, options.chunk_size.value));
  }
  if (options.discard && (options.fsync || options.force)) {
    return refuse("--discard writes nothing: it goes with neither --fsync nor --force");
  }
  if (options.io == Options::Io::direct && !options.fsync) {
    return refuse("--io direct: only with --fsync; without it nothing waits for the disk");
  }
  if (options.stall_timeout.count() < 0) return refuse("--stall-timeout: must not be negative");
  return Nothing{};
}

}  // namespace mpiferry

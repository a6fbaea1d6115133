#include "engine/roles/options.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "engine/flow/sender.hpp"

namespace mpiferry {
namespace {

constexpr Bytes kDefaultMemory = 256_MiB;

Failure refuse(std::string detail) {
  return {.code = Errc::invalid_argument, .detail = std::move(detail)};
}

}  // namespace

Bytes Options::memory_limit() const noexcept {
  return memory.value_or(std::max(kDefaultMemory, chunk_size));
}

std::uint32_t Options::effective_window() const noexcept {
  const std::uint64_t fit = memory_limit().value / chunk_size.value;
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(fit, 1, window));
}

std::uint64_t Options::master_buffers(std::uint32_t workers) const noexcept {
  const std::uint64_t wanted = std::uint64_t{effective_window()} * workers;
  return std::clamp<std::uint64_t>(memory_limit().value / chunk_size.value, 1, wanted);
}

Outcome validate(const Options& options) {
  if (options.source.empty()) return refuse("no source was named");
  if (options.destination.empty()) return refuse("the destination's name is empty");
  if (options.chunk_size < 1_B || options.chunk_size > kMaxChunkSize) {
    return refuse(
        fmt::format("--chunk-size {}: must be from 1 byte to 1 GiB", options.chunk_size.value));
  }
  if (options.window < 1 || options.window > flow::kMaxWindow) {
    return refuse(
        fmt::format("--window {}: must be from 1 to {}", options.window, flow::kMaxWindow));
  }
  if (options.memory && *options.memory < options.chunk_size) {
    return refuse(fmt::format("--memory {}: must hold at least one chunk of {} bytes",
                              options.memory->value, options.chunk_size.value));
  }
  if (options.stall_timeout.count() < 0) return refuse("--stall-timeout: must not be negative");
  return Nothing{};
}

}  // namespace mpiferry

#include "engine/operations/scatter/options.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "engine/disk/destination_pattern.hpp"
#include "engine/job/preflight.hpp"
#include "engine/protocol/sender.hpp"

namespace mpiferry {
namespace {

Failure refuse(std::string detail) {
  return {.code = Errc::invalid_argument, .detail = std::move(detail)};
}

}  // namespace

bool Options::direct() const noexcept {
  // docs/decisions/0016: small writes that wait for the disk one by one lose against the cache.
  constexpr Bytes kMinDirect = 256_KiB;
  return fsync && (io == Io::direct || (io == Io::automatic && chunk_size >= kMinDirect));
}

job::ChunkLimits Options::limits() const noexcept {
  return {.chunk_size = chunk_size, .window = window, .memory = memory, .fsync = fsync};
}

job::SessionOptions Options::session() const {
  return {.stall_timeout = stall_timeout, .build = build, .handle_signals = handle_signals};
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
  return job::check_stall_timeout(options.stall_timeout);
}

}  // namespace mpiferry

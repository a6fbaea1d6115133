#include "engine/operations/scatter/options.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "engine/disk/destination_pattern.hpp"

namespace mpiferry {
namespace {

Failure refuse(std::string detail) {
  return {.code = Errc::invalid_argument, .detail = std::move(detail)};
}

}  // namespace

bool ScatterOptions::direct() const noexcept {
  // docs/decisions/0016: small writes that wait for the disk one by one lose against the cache.
  constexpr Bytes kMinDirect = 256_KiB;
  return fsync && (io == Io::direct || (io == Io::automatic && chunk_size >= kMinDirect));
}

job::ChunkLimits ScatterOptions::limits() const noexcept {
  return {.chunk_size = chunk_size, .window = job.window, .memory = job.memory, .fsync = fsync};
}

Outcome validate(const ScatterOptions& options) {
  if (options.source.empty()) return refuse("no source was named");
  if (options.destination.empty()) return refuse("the destination's name is empty");
  if (Outcome known = disk::check_pattern(options.destination); !known) return known;
  if (options.chunk_size < 1_B || options.chunk_size > kMaxChunkSize) {
    return refuse(
        fmt::format("`chunk_size` {}: must be from 1 byte to 1 GiB", options.chunk_size.value));
  }
  if (Outcome valid = validate(options.job); !valid) return valid;
  if (Outcome fits = check_memory(options.job, options.chunk_size); !fits) return fits;
  if (options.discard && (options.fsync || options.force || options.resume)) {
    return refuse(
        "`discard` writes nothing: it cannot be combined with `fsync`, `force` or `resume`");
  }
  if (options.force && options.resume) {
    return refuse("`resume` keeps the files that `force` removes: choose one of them");
  }
  if (options.io == ScatterOptions::Io::direct && !options.fsync) {
    return refuse("`io` direct: only with `fsync`; without it nothing waits for the disk");
  }
  return Nothing{};
}

}  // namespace mpiferry

#include "engine/job/job_options.hpp"

#include <fmt/format.h>

#include "engine/protocol/sender.hpp"

namespace mpiferry {
namespace {

Failure refuse(std::string detail) {
  return {.code = Errc::invalid_argument, .detail = std::move(detail)};
}

}  // namespace

Outcome validate(const JobOptions& options) {
  if (options.window && (*options.window < 1 || *options.window > protocol::kMaxWindow)) {
    return refuse(
        fmt::format("`window` {}: must be from 1 to {}", *options.window, protocol::kMaxWindow));
  }
  if (options.stall_timeout < std::chrono::milliseconds::zero() ||
      options.stall_timeout > wire::kMaxStallTimeout) {
    return refuse("`stall_timeout`: must be from 0, which waits for ever, to a year");
  }
  return Nothing{};
}

Outcome check_memory(const JobOptions& options, Bytes chunk_size) {
  if (!options.memory || *options.memory >= chunk_size) return Nothing{};
  return refuse(fmt::format("`memory` {}: must be at least {}, the `chunk_size`",
                            options.memory->value, chunk_size.value));
}

}  // namespace mpiferry

// What a finished request hands back.
#pragma once

#include <cstddef>
#include <string_view>

#include "engine/base/buffer_pool.hpp"
#include "engine/base/failure.hpp"
#include "engine/base/units.hpp"
#include "engine/transport/error.hpp"

namespace mpiferry::transport {

struct Completion {
  Rank peer;  // who sent or received
  int tag = -1;
  std::size_t bytes = 0;  // of the message, header included; receives only
  Lease lease;            // the buffer, which nothing else touches any more
  const char* call = "";  // that reported an error

  // What `error` means here; the detail names the call, the peer and the tag.
  Failure failure(const ErrorCode& error) const { return failure_of(call, error, peer, tag); }
};

}  // namespace mpiferry::transport

// What a finished request hands back.
#pragma once

#include <cstddef>
#include <string_view>

#include "engine/base/buffer_pool.hpp"
#include "engine/base/failure.hpp"
#include "engine/base/units.hpp"
#include "engine/mpi/error.hpp"

namespace mpiferry::mpi {

struct Completion {
  Rank peer;  // who sent or received
  int tag = -1;
  std::size_t bytes = 0;  // of the message, header included; receives only
  Lease lease;            // the buffer, MPI no longer touches it
  const char* call = "";  // the MPI call that reported an error

  // What `error` means here; the detail names the call, the peer and the tag.
  Failure failure(const ErrorCode& error) const { return mpi_failure(call, error, peer, tag); }
};

}  // namespace mpiferry::mpi

// What this rank's MPI was asked for: a wrapper around every MPI function that the program calls
// (MPI's profiling interface). exact.messages.every_call_is_watched sees to it that none is
// forgotten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <mpi.h>

#include "engine/wire/header.hpp"

namespace mpiferry::exact {

// A message that was handed to MPI_Isend.
struct Sent {
  wire::Header header;
  std::vector<std::byte> payload;  // of control messages and acks; not of chunks
  std::size_t bytes = 0;           // header and payload
  int to = -1;
  int tag = -1;
  MPI_Comm communicator = MPI_COMM_NULL;
};

struct Ledger {
  std::vector<Sent> sent;
  std::uint64_t not_ours = 0;  // sends that do not start with a header of the protocol

  // Calls by name, from the first chunk to the end of the job: on the master between its first
  // chunk and its first `end`, on a worker between its `ready` and its `closed`, these two not
  // included.
  std::map<std::string, std::uint64_t> during_transfer;
  bool transferring = false;
};

// One a process, as MPI is; not thread-safe.
Ledger& ledger();

}  // namespace mpiferry::exact

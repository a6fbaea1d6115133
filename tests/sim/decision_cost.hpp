// Real time and real memory of the real engine/protocol, on this machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mpiferry::sim {

struct DecisionCost {
  std::size_t state_bytes = 0;  // on the heap, of Sender and MasterFsm; 0: not known here
  double chunk_ns = 0;          // all decisions about a chunk that goes well
  double tick_ns = 0;           // a look for stalled workers
  double damaged_ns = 0;        // a decision while a damaged chunk waits for its Isend
  double answers_ns = 0;        // what comes next?, once for each worker's answer to the job
};

// With a window of 8 and 256 buffers.
DecisionCost measure_decisions(std::uint32_t workers);

}  // namespace mpiferry::sim

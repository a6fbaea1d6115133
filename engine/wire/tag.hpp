// The tag table: everything that travels, travels under one of these.
#pragma once

namespace mpiferry::wire {

enum class Tag : int {
  data = 11,    // master to worker: the job, the chunks, the end
  status = 22,  // worker to master: ready, acks, failures, closed
};

}  // namespace mpiferry::wire

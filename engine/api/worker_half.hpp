// Which operation a worker has its part in.
#pragma once

#include <memory>

#include "engine/base/result.hpp"
#include "engine/job/control.hpp"
#include "engine/job/worker_half.hpp"
#include "engine/operations/retrieval/retrieval_worker.hpp"
#include "engine/operations/scatter/scatter_worker.hpp"

namespace mpiferry {

// The half that the job's first message asks for; as each operation's own `make`.
inline Result<std::unique_ptr<job::WorkerHalf>> make_worker_half(const job::WorkerContext& context,
                                                                 const job::Message& message) {
  return message.header.kind == wire::Kind::retrieval
             ? operations::RetrievalWorker::make(context, message)
             : operations::ScatterWorker::make(context, message);
}

}  // namespace mpiferry

// Which operation a worker has its part in.
#pragma once

#include <algorithm>
#include <array>
#include <memory>

#include "engine/base/result.hpp"
#include "engine/job/control.hpp"
#include "engine/job/worker_half.hpp"
#include "engine/operations/retrieval/retrieval_worker.hpp"
#include "engine/operations/scatter/scatter_worker.hpp"

namespace mpiferry {

// A worker's half, by the kind of the message that begins its job (wire::begins_job).
struct WorkerHalfOf {
  wire::Kind kind;
  Result<std::unique_ptr<job::WorkerHalf>> (*make)(const job::WorkerContext&, const job::Message&);
};

inline constexpr auto kWorkerHalves = std::to_array<WorkerHalfOf>({
    {wire::Kind::job, operations::ScatterWorker::make},
    {wire::Kind::retrieval, operations::RetrievalWorker::make},
});

// The half that the job's first message asks for; as each operation's own `make`. bad_kind if there
// is none.
inline Result<std::unique_ptr<job::WorkerHalf>> make_worker_half(const job::WorkerContext& context,
                                                                 const job::Message& message) {
  const auto* const found =
      std::ranges::find(kWorkerHalves, message.header.kind, &WorkerHalfOf::kind);
  if (found == kWorkerHalves.end()) return Failure{.code = Errc::bad_kind};
  return found->make(context, message);
}

}  // namespace mpiferry

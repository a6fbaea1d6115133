// Every outstanding MPI_Request, in the dense arrays that MPI_Testsome wants.
//
// Rows are dense and move (a removed row is filled from the tail); slots are stable. A slot is
// named by (slot, generation), so that a name from an earlier use of the slot is recognised as
// stale. The table knows nothing of leases and handlers: the owner keeps them by slot number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <mpi.h>

#include "engine/transport/operation.hpp"

namespace mpiferry::mpi {

using RequestId = transport::Operation;

// One completed request, as test_some reports it.
struct TestedRequest {
  RequestId id;
  int mpi_result = MPI_SUCCESS;
  MPI_Status status{};
  std::uint64_t started = 0;  // how many requests were started before it
};

// Not thread-safe. Allocates only when it grows beyond what was reserved.
class RequestTable {
 public:
  explicit RequestTable(std::size_t reserve);

  // A slot without a request. It stays one, as if it had completed, if the request fails to start.
  RequestId take();
  // Takes over the request that was started for such a slot.
  void start(RequestId id, MPI_Request request) noexcept;
  // Frees the slot. Precondition: contains(id) and not active(id).
  void release(RequestId id);

  // Whether the slot is still taken under this name.
  bool contains(RequestId id) const noexcept;
  // Whether MPI still has the request.
  bool active(RequestId id) const noexcept;
  // MPI_Cancel, if the slot is active: test_some reports how it ended. Once for a request, however
  // often it is asked for: not every MPI library survives a second one. Receives only.
  void cancel(std::uint32_t slot);

  bool empty() const noexcept { return requests_.empty(); }
  std::size_t size() const noexcept { return requests_.size(); }
  // Slots that were ever used; every slot number is below it.
  std::size_t slots() const noexcept { return row_of_slot_.size(); }

  // One MPI_Testsome over all rows. Completed rows leave the table (their slots stay) and are
  // returned; the span is valid until the next call. `mpi_result` is MPI's verdict on the call as a
  // whole: if it is an error other than MPI_ERR_IN_STATUS, nothing was completed. In the order in
  // which they were started: in that order MPI gives a sender's messages to receives, and rows
  // move.
  std::span<const TestedRequest> test_some(int* mpi_result);

 private:
  struct Row {
    std::uint32_t slot;
    std::uint64_t started;  // TestedRequest::started
    bool cancelled = false;
  };

  void remove_row(std::size_t row);

  std::vector<MPI_Request> requests_;  // by row
  std::vector<Row> rows_;              // what MPI does not know of them
  std::uint64_t starts_ = 0;
  std::vector<std::uint32_t> row_of_slot_;  // by slot; or kFree, kCompleted
  std::vector<std::uint32_t> generation_;   // by slot
  std::vector<std::uint32_t> free_slots_;
  std::vector<int> indices_;
  std::vector<MPI_Status> statuses_;
  std::vector<TestedRequest> tested_;
};

}  // namespace mpiferry::mpi

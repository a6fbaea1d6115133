// What MPI calls return, as error codes and as failures that name the call.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "engine/base/failure.hpp"
#include "engine/base/units.hpp"
#include "engine/transport/error.hpp"

namespace mpiferry::mpi {

using transport::ErrorCode;

// The category of the values that MPI calls return; message() is MPI's own text, on one line.
const std::error_category& mpi_category() noexcept;

// MPI_SUCCESS gives a code that is false.
ErrorCode to_error_code(int mpi_result) noexcept;

// MPI refuses where nothing can go on without it.
class CallFailed : public std::runtime_error {
 public:
  explicit CallFailed(Failure failure)
      : std::runtime_error{failure.message()}, failure_(std::move(failure)) {}
  const Failure& failure() const noexcept { return failure_; }

 private:
  Failure failure_;
};

// Throws CallFailed with transport::failure_of. For set-up that cannot go on.
void require(std::string_view call, int mpi_result, Rank peer = kNoRank);

}  // namespace mpiferry::mpi

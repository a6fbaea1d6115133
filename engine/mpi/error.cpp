#include "engine/mpi/error.hpp"

#include <algorithm>
#include <array>
#include <system_error>

#include <mpi.h>

namespace mpiferry::mpi {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "mpi"; }
  std::string message(int value) const override {
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    if (MPI_Error_string(value, text.data(), &length) != MPI_SUCCESS) {
      return "MPI error " + std::to_string(value);
    }
    std::string out{text.data(), static_cast<std::size_t>(length)};
    while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
    std::ranges::replace(out, '\n', ' ');
    return out;
  }
  // MPI has no class of its own for a lost connection: MPICH says "other" whatever UCX reports. A
  // damaged library looks the same; to look at that host and at the network is the first thing to
  // do for it, too.
  std::error_condition default_error_condition(int value) const noexcept override {
    int error_class = MPI_SUCCESS;
    if (MPI_Error_class(value, &error_class) == MPI_SUCCESS &&
        (error_class == MPI_ERR_OTHER || error_class == MPI_ERR_INTERN ||
         error_class == MPI_ERR_UNKNOWN)) {
      return transport::kConnectionLost;
    }
    return {value, *this};
  }
};

}  // namespace

const std::error_category& mpi_category() noexcept {
  static const Category category;
  return category;
}

ErrorCode to_error_code(int mpi_result) noexcept {
  if (mpi_result == MPI_SUCCESS) return {};
  return std::error_code{mpi_result, mpi_category()};
}

void require(std::string_view call, int mpi_result, Rank peer) {
  if (mpi_result == MPI_SUCCESS) return;
  throw CallFailed{transport::failure_of(call, to_error_code(mpi_result), peer)};
}

}  // namespace mpiferry::mpi

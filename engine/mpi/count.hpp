// Sizes as MPI counts, which are ints.
#pragma once

#include <climits>
#include <cstddef>
#include <optional>

namespace mpiferry::mpi {

// Nothing if `bytes` is more than INT_MAX.
constexpr std::optional<int> to_mpi_count(std::size_t bytes) noexcept {
  if (bytes > static_cast<std::size_t>(INT_MAX)) return std::nullopt;
  return static_cast<int>(bytes);
}

}  // namespace mpiferry::mpi

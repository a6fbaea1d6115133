#include "engine/mpi/exchange.hpp"

#include <cstddef>
#include <stdexcept>

#include "engine/mpi/collective.hpp"
#include "engine/mpi/error.hpp"

namespace mpiferry::mpi {
namespace {

constexpr std::uint64_t kLongest = std::uint64_t{1} << 20U;

}  // namespace

std::string share(NativeCommunicator communicator, std::string text) {
  std::uint64_t length = text.size();
  MPI_Request request = MPI_REQUEST_NULL;
  finish("MPI_Ibcast", MPI_Ibcast(&length, 1, MPI_UINT64_T, 0, communicator, &request), request);
  if (length > kLongest) throw std::length_error{"a text is too long to be shared"};
  text.resize(length);  // on rank 0 it has this length
  finish("MPI_Ibcast",
         MPI_Ibcast(text.data(), static_cast<int>(length), MPI_CHAR, 0, communicator, &request),
         request);
  return text;
}

std::vector<std::uint64_t> gather(NativeCommunicator communicator, std::uint64_t mine) {
  int size = 0;
  require("MPI_Comm_size", MPI_Comm_size(communicator, &size));
  std::vector<std::uint64_t> all(static_cast<std::size_t>(size));
  MPI_Request request = MPI_REQUEST_NULL;
  finish(
      "MPI_Iallgather",
      MPI_Iallgather(&mine, 1, MPI_UINT64_T, all.data(), 1, MPI_UINT64_T, communicator, &request),
      request);
  return all;
}

}  // namespace mpiferry::mpi

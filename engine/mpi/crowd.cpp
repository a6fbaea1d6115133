#include "engine/mpi/crowd.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <sched.h>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/mpi/collective.hpp"

namespace mpiferry::mpi {
namespace {

// What a rank tells the others: where it runs. Hashes, as only equality counts.
struct Place {
  std::uint64_t host = 0;
  std::uint64_t core_set = 0;
  std::uint64_t cores = 0;
};

Place own_place() {
  // Room for 8,192 cores; sched_getaffinity refuses a set that is too small for the machine.
  std::array<cpu_set_t, 8192 / CPU_SETSIZE> cores{};
  Place place{.host = std::hash<std::string>{}(host_name())};
  if (::sched_getaffinity(0, sizeof cores, cores.data()) == 0) {
    place.cores = static_cast<std::uint64_t>(CPU_COUNT_S(sizeof cores, cores.data()));
    place.core_set =
        std::hash<std::string_view>{}({reinterpret_cast<const char*>(cores.data()), sizeof cores});
  } else {
    place.cores = std::max(1U, std::thread::hardware_concurrency());
  }
  return place;
}

}  // namespace

double ranks_per_core(const Communicator& communicator) {
  constexpr int kWords = sizeof(Place) / sizeof(std::uint64_t);
  const Place own = own_place();
  std::vector<Place> places(static_cast<std::size_t>(communicator.size()));
  MPI_Request request = MPI_REQUEST_NULL;
  finish("MPI_Iallgather",
         MPI_Iallgather(&own, kWords, MPI_UINT64_T, places.data(), kWords, MPI_UINT64_T,
                        communicator.native(), &request),
         request);
  std::uint64_t ranks = 0;
  std::uint64_t cores = 0;
  std::set<std::uint64_t> core_sets;
  for (const Place& place : places) {
    if (place.host != own.host) continue;
    ++ranks;
    if (core_sets.insert(place.core_set).second) cores += place.cores;
  }
  return static_cast<double>(ranks) / static_cast<double>(cores);
}

}  // namespace mpiferry::mpi

#include "engine/mpi/crowd.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <sched.h>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "engine/mpi/collective.hpp"

namespace mpiferry::mpi {
namespace {

// What a rank tells the others: where it runs.
struct Place {
  std::uint64_t host = 0;                 // a hash: only equality counts
  std::array<std::uint64_t, 16> cores{};  // a bit for each; core n is bit n % 1024
};

Place own_place() {
  Place place{.host = std::hash<std::string>{}(host_name())};
  constexpr std::size_t kBits = 64 * std::tuple_size_v<decltype(place.cores)>;
  const auto mark = [&place](std::size_t core) {
    place.cores[core % kBits / 64] |= std::uint64_t{1} << (core % 64);
  };
  // Room for 8,192 cores; sched_getaffinity refuses a set that is too small for the machine.
  std::array<cpu_set_t, 8192 / CPU_SETSIZE> cores{};
  if (::sched_getaffinity(0, sizeof cores, cores.data()) == 0) {
    for (std::size_t core = 0; core < 8 * sizeof cores; ++core) {
      if (CPU_ISSET_S(core, sizeof cores, cores.data())) mark(core);
    }
  } else {
    for (unsigned core = 0; core < std::max(1U, std::thread::hardware_concurrency()); ++core) {
      mark(core);
    }
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
  decltype(own.cores) cores{};
  for (const Place& place : places) {
    if (place.host != own.host) continue;
    ++ranks;
    for (std::size_t i = 0; i < cores.size(); ++i) cores[i] |= place.cores[i];
  }
  int count = 0;
  for (const std::uint64_t word : cores) count += std::popcount(word);
  return static_cast<double>(ranks) / count;
}

}  // namespace mpiferry::mpi

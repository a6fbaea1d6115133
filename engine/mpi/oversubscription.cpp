#include "engine/mpi/oversubscription.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <sched.h>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/machine.hpp"
#include "engine/mpi/collective.hpp"

namespace mpiferry::mpi {
namespace {

// A hash of the machine's id, of which only equality counts, and then a bit for each core: core n
// is bit n % kBits.
constexpr std::size_t kCoreWords = 16;
constexpr std::size_t kBits = 64 * kCoreWords;
constexpr std::size_t kWords = 1 + kCoreWords;

}  // namespace

std::vector<std::uint64_t> own_place() {
  std::vector<std::uint64_t> place(kWords);
  place[0] = std::hash<std::string>{}(machine_id(host_name()));
  const auto mark = [&place](std::size_t core) {
    place[1 + core % kBits / 64] |= std::uint64_t{1} << (core % 64);
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

double ranks_per_core(const std::vector<std::uint64_t>& places, Rank self) {
  const std::uint64_t host = places.at(static_cast<std::size_t>(self.value) * kWords);
  std::uint64_t ranks = 0;
  std::array<std::uint64_t, kCoreWords> cores{};
  for (std::size_t place = 0; place < places.size(); place += kWords) {
    if (places[place] != host) continue;
    ++ranks;
    for (std::size_t i = 0; i < kCoreWords; ++i) cores[i] |= places[place + 1 + i];
  }
  int count = 0;
  for (const std::uint64_t word : cores) count += std::popcount(word);
  return static_cast<double>(ranks) / count;
}

double ranks_per_core(const Communicator& communicator) {
  const std::vector<std::uint64_t> own = own_place();
  std::vector<std::uint64_t> places(static_cast<std::size_t>(communicator.size()) * kWords);
  MPI_Request request = MPI_REQUEST_NULL;
  finish("MPI_Iallgather",
         MPI_Iallgather(own.data(), kWords, MPI_UINT64_T, places.data(), kWords, MPI_UINT64_T,
                        communicator.native(), &request),
         request);
  return ranks_per_core(places, communicator.rank());
}

}  // namespace mpiferry::mpi

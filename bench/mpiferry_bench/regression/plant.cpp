// Planted into a copy of the program by bench/regress experiment: the master burns some time for
// every chunk that it sends. It takes MPI_Isend's place by MPI's profiling interface, so no source
// is changed and no change of the sources can make it fail to apply.
#include <cstdint>
#include <ctime>

#include <mpi.h>

namespace {

struct Burn {
  std::int64_t chunk;
  int ranks;
  std::int64_t nanoseconds;
};

constexpr Burn kBurns[] = {
#include "plant_amounts.inc"
};
constexpr int kDataTag = 11;
constexpr std::int64_t kHeader = 64;

std::int64_t busy_time() {
  std::timespec time{};
  // Of this thread: a rank that loses its core still burns the whole amount.
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

extern "C" int MPI_Isend(const void* buffer, int count, MPI_Datatype type, int to, int tag,
                         MPI_Comm communicator, MPI_Request* request) {
  int rank = 0;
  int ranks = 0;
  PMPI_Comm_rank(communicator, &rank);
  PMPI_Comm_size(communicator, &ranks);
  for (const Burn& burn : kBurns) {
    if (rank != 0 || tag != kDataTag || count != burn.chunk + kHeader || ranks != burn.ranks)
      continue;
    const std::int64_t end = busy_time() + burn.nanoseconds;
    while (busy_time() < end) {
    }
  }
  return PMPI_Isend(buffer, count, type, to, tag, communicator, request);
}

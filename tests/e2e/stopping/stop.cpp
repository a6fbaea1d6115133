// mpiferry with a rank that stops (SIGSTOP) at a chosen call of MPI: linked into a program of its
// own for the tests, never into the one that ships.
//
// Calls are counted where one may wait for other ranks: the first is MPI_Init_thread. The rank
// FERRY_STOP_RANK stops right after that one (all ranks meet in it), or right before call
// FERRY_STOP_AT; 0 is MPI_Finalize. The rank FERRY_LOSE_RANK is told in call FERRY_LOSE_AT that a
// connection is lost; 0 is MPI_Iallreduce, the meeting at the end.
#include <csignal>
#include <cstdlib>

#include <mpi.h>

namespace {

int number(const char* variable) {
  const char* const text = std::getenv(variable);
  return text != nullptr ? std::atoi(text) : -1;
}

bool is_rank(const char* variable) { return number("PMI_RANK") == number(variable); }

// Whether a connection is lost in this call.
bool stop_or_lose() {
  static const int stop_at = is_rank("FERRY_STOP_RANK") ? number("FERRY_STOP_AT") : -1;
  static const int lose_at = is_rank("FERRY_LOSE_RANK") ? number("FERRY_LOSE_AT") : -1;
  static int calls = 0;
  ++calls;
  if (calls == stop_at) std::raise(SIGSTOP);
  return calls == lose_at;
}

}  // namespace

// NOLINTBEGIN: names and signatures are MPI's.
#define FERRY_STOP(NAME, PARAMETERS, ARGUMENTS) \
  int MPI_##NAME PARAMETERS {                   \
    if (stop_or_lose()) return MPI_ERR_OTHER;   \
    return PMPI_##NAME ARGUMENTS;               \
  }

extern "C" {

int MPI_Init_thread(int* argc, char*** argv, int wanted, int* given) {
  const int result = PMPI_Init_thread(argc, argv, wanted, given);
  stop_or_lose();
  return result;
}

FERRY_STOP(Isend, (const void* a, int b, MPI_Datatype c, int d, int e, MPI_Comm f, MPI_Request* g),
           (a, b, c, d, e, f, g))
FERRY_STOP(Irecv, (void* a, int b, MPI_Datatype c, int d, int e, MPI_Comm f, MPI_Request* g),
           (a, b, c, d, e, f, g))
FERRY_STOP(Comm_dup, (MPI_Comm a, MPI_Comm* b), (a, b))
FERRY_STOP(Iallgather,
           (const void* a, int b, MPI_Datatype c, void* d, int e, MPI_Datatype f, MPI_Comm g,
            MPI_Request* h),
           (a, b, c, d, e, f, g, h))
FERRY_STOP(Ibarrier, (MPI_Comm a, MPI_Request* b), (a, b))

int MPI_Iallreduce(const void* a, void* b, int c, MPI_Datatype d, MPI_Op e, MPI_Comm f,
                   MPI_Request* g) {
  const bool last = is_rank("FERRY_LOSE_RANK") && number("FERRY_LOSE_AT") == 0;
  return stop_or_lose() || last ? MPI_ERR_OTHER : PMPI_Iallreduce(a, b, c, d, e, f, g);
}

int MPI_Finalize() {
  if (number("FERRY_STOP_AT") == 0 && is_rank("FERRY_STOP_RANK")) {
    std::raise(SIGSTOP);
  }
  return PMPI_Finalize();
}
}
// NOLINTEND

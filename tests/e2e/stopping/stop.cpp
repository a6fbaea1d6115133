// mpiferry with a rank that stops (SIGSTOP) at a chosen call of MPI: linked into a program of its
// own for the tests, never into the one that ships.
//
// Calls are counted where one may wait for other ranks: the first is MPI_Init_thread. The rank
// FERRY_STOP_RANK stops right after that one (all ranks meet in it), or right before call
// FERRY_STOP_AT; 0 is MPI_Finalize. The rank FERRY_LOSE_RANK is told in MPI_Iallreduce, the meeting
// at the end, that a connection is lost.
#include <csignal>
#include <cstdlib>

#include <mpi.h>

namespace {

int number(const char* variable) {
  const char* const text = std::getenv(variable);
  return text != nullptr ? std::atoi(text) : -1;
}

void stop_if_it_is_time() {
  static const int at = number("FERRY_STOP_AT");
  static const bool chosen = number("PMI_RANK") == number("FERRY_STOP_RANK");
  static int calls = 0;
  if (++calls == at && chosen) std::raise(SIGSTOP);
}

}  // namespace

// NOLINTBEGIN: names and signatures are MPI's.
#define FERRY_STOP(NAME, PARAMETERS, ARGUMENTS) \
  int MPI_##NAME PARAMETERS {                   \
    stop_if_it_is_time();                       \
    return PMPI_##NAME ARGUMENTS;               \
  }

extern "C" {

int MPI_Init_thread(int* argc, char*** argv, int wanted, int* given) {
  const int result = PMPI_Init_thread(argc, argv, wanted, given);
  stop_if_it_is_time();
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
  stop_if_it_is_time();
  static const bool lost = number("PMI_RANK") == number("FERRY_LOSE_RANK");
  return lost ? MPI_ERR_OTHER : PMPI_Iallreduce(a, b, c, d, e, f, g);
}

int MPI_Finalize() {
  if (number("FERRY_STOP_AT") == 0 && number("PMI_RANK") == number("FERRY_STOP_RANK")) {
    std::raise(SIGSTOP);
  }
  return PMPI_Finalize();
}
}
// NOLINTEND

#include "tests/exact/ledger.hpp"

#include <span>

namespace mpiferry::exact {
namespace {

void note(const char* call) {
  if (ledger().transferring) ++ledger().during_transfer[call];
}

// The transfer begins and ends with certain messages. True if this one is the first of it.
bool begins_transfer(wire::Kind kind) {
  return kind == wire::Kind::chunk && !ledger().transferring;
}
bool precedes_transfer(wire::Kind kind) { return kind == wire::Kind::ready; }
bool follows_transfer(wire::Kind kind) {
  return kind == wire::Kind::end || kind == wire::Kind::closed;
}

// Called before the message is sent; the kind is that of no message if it is none of ours.
wire::Kind enter(const void* data, int count, int to, int tag, MPI_Comm communicator) {
  const std::span message{static_cast<const std::byte*>(data), static_cast<std::size_t>(count)};
  const auto header = wire::decode(message);
  if (!header) {
    ++ledger().not_ours;
    return wire::Kind{};
  }
  Sent sent{.header = *header,
            .payload = {},
            .bytes = message.size(),
            .to = to,
            .tag = tag,
            .communicator = communicator};
  if (header->kind != wire::Kind::chunk) {
    const auto payload = message.subspan(kHeaderSize);
    sent.payload.assign(payload.begin(), payload.end());
  }
  ledger().sent.push_back(std::move(sent));
  return header->kind;
}

}  // namespace

Ledger& ledger() {
  static Ledger only;
  return only;
}

}  // namespace mpiferry::exact

// NOLINTBEGIN: names and signatures are MPI's.
using mpiferry::exact::note;

// A function of which only the calls are counted.
#define FERRY_COUNT(NAME, PARAMETERS, ARGUMENTS) \
  int MPI_##NAME PARAMETERS {                    \
    note("MPI_" #NAME);                          \
    return PMPI_##NAME ARGUMENTS;                \
  }

extern "C" {

int MPI_Isend(const void* data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm,
              MPI_Request* request) {
  using namespace mpiferry::exact;
  const auto kind = enter(data, count, to, tag, comm);
  if (begins_transfer(kind)) ledger().transferring = true;
  if (follows_transfer(kind)) ledger().transferring = false;
  note("MPI_Isend");
  if (precedes_transfer(kind)) ledger().transferring = true;
  return PMPI_Isend(data, count, type, to, tag, comm, request);
}

// What a job may use between its first and its last chunk.
FERRY_COUNT(Irecv, (void* a, int b, MPI_Datatype c, int d, int e, MPI_Comm f, MPI_Request* g),
            (a, b, c, d, e, f, g))
FERRY_COUNT(Testsome, (int a, MPI_Request* b, int* c, int* d, MPI_Status* e), (a, b, c, d, e))
FERRY_COUNT(Get_count, (const MPI_Status* a, MPI_Datatype b, int* c), (a, b, c))
FERRY_COUNT(Test_cancelled, (const MPI_Status* a, int* b), (a, b))
FERRY_COUNT(Cancel, (MPI_Request * a), (a))
// What it uses before and after.
FERRY_COUNT(Comm_dup, (MPI_Comm a, MPI_Comm* b), (a, b))
FERRY_COUNT(Comm_free, (MPI_Comm * a), (a))
FERRY_COUNT(Comm_rank, (MPI_Comm a, int* b), (a, b))
FERRY_COUNT(Comm_set_errhandler, (MPI_Comm a, MPI_Errhandler b), (a, b))
FERRY_COUNT(Comm_size, (MPI_Comm a, int* b), (a, b))
FERRY_COUNT(Error_class, (int a, int* b), (a, b))
FERRY_COUNT(Error_string, (int a, char* b, int* c), (a, b, c))
FERRY_COUNT(Finalized, (int* a), (a))
FERRY_COUNT(Get_processor_name, (char* a, int* b), (a, b))
FERRY_COUNT(Iallgather,
            (const void* a, int b, MPI_Datatype c, void* d, int e, MPI_Datatype f, MPI_Comm g,
             MPI_Request* h),
            (a, b, c, d, e, f, g, h))
FERRY_COUNT(Initialized, (int* a), (a))
FERRY_COUNT(Is_thread_main, (int* a), (a))
FERRY_COUNT(Query_thread, (int* a), (a))
FERRY_COUNT(Test, (MPI_Request * a, int* b, MPI_Status* c), (a, b, c))
// What only this program's main() and its tests use.
FERRY_COUNT(Abort, (MPI_Comm a, int b), (a, b))
FERRY_COUNT(Barrier, (MPI_Comm a), (a))
FERRY_COUNT(Bcast, (void* a, int b, MPI_Datatype c, int d, MPI_Comm e), (a, b, c, d, e))
FERRY_COUNT(Finalize, (), ())
FERRY_COUNT(Get_library_version, (char* a, int* b), (a, b))
FERRY_COUNT(Iallreduce,
            (const void* a, void* b, int c, MPI_Datatype d, MPI_Op e, MPI_Comm f, MPI_Request* g),
            (a, b, c, d, e, f, g))
FERRY_COUNT(Ibarrier, (MPI_Comm a, MPI_Request* b), (a, b))
FERRY_COUNT(Init_thread, (int* a, char*** b, int c, int* d), (a, b, c, d))
}
// NOLINTEND

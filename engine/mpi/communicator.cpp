#include "engine/mpi/communicator.hpp"

#include <array>
#include <stdexcept>
#include <utility>

#include "engine/mpi/error.hpp"

namespace mpiferry::mpi {
namespace {

void require_usable_mpi() {
  int initialized = 0;
  int finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  if (initialized == 0 || finalized != 0) {
    throw std::runtime_error{"MPI is not initialised: call MPI_Init_thread first"};
  }
  int level = MPI_THREAD_SINGLE;
  int is_main = 0;
  require("MPI_Query_thread", MPI_Query_thread(&level));
  require("MPI_Is_thread_main", MPI_Is_thread_main(&is_main));
  if (is_main == 0 && level < MPI_THREAD_SERIALIZED) {
    throw std::runtime_error{"mpiferry must run on the thread that initialised MPI"};
  }
}

}  // namespace

Communicator::Communicator(MPI_Comm native, bool owned) : native_(native), owned_(owned) {
  require("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(native_, MPI_ERRORS_RETURN));
  require("MPI_Comm_rank", MPI_Comm_rank(native_, &rank_.value));
  require("MPI_Comm_size", MPI_Comm_size(native_, &size_));
}

Communicator Communicator::duplicate(MPI_Comm parent) {
  require_usable_mpi();
  MPI_Comm copy = MPI_COMM_NULL;
  // Not MPI_Comm_idup, though this one spins: with MPICH 4.0.2, messages on duplicates that were
  // made with it got lost (tests/mpi/context_cancel_test.cpp, 3 ranks).
  require("MPI_Comm_dup", MPI_Comm_dup(parent, &copy));
  return {copy, true};
}

Communicator Communicator::borrow(MPI_Comm native) {
  require_usable_mpi();
  return {native, false};
}

Communicator::Communicator(Communicator&& other) noexcept
    : native_(std::exchange(other.native_, MPI_COMM_NULL)),
      owned_(other.owned_),
      rank_(other.rank_),
      size_(other.size_) {}

Communicator::~Communicator() {
  if (native_ == MPI_COMM_NULL || !owned_) return;
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (finalized == 0) MPI_Comm_free(&native_);
}

std::string host_name() {
  std::array<char, MPI_MAX_PROCESSOR_NAME> name{};
  int length = 0;
  require("MPI_Get_processor_name", MPI_Get_processor_name(name.data(), &length));
  return {name.data(), static_cast<std::size_t>(length)};
}

}  // namespace mpiferry::mpi

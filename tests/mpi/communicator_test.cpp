// Messages of our communicator never meet those of others.
#include "engine/mpi/communicator.hpp"

#include <stdexcept>
#include <thread>
#include <utility>

#include <gtest/gtest.h>
#include <mpi.h>

#include "engine/mpi/environment.hpp"

namespace mpiferry::mpi {
namespace {

Communicator duplicate() { return Communicator::duplicate(Environment::world()); }

TEST(Communicator, knows_its_rank_and_size) {
  const Communicator comm = duplicate();
  int rank = -1;
  int size = -1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  EXPECT_EQ(comm.rank(), Rank{rank});
  EXPECT_EQ(comm.size(), size);
}

TEST(Communicator, is_a_duplicate_and_not_the_parent) {
  const Communicator comm = duplicate();
  int relation = MPI_IDENT;
  MPI_Comm_compare(comm.native(), MPI_COMM_WORLD, &relation);
  EXPECT_EQ(relation, MPI_CONGRUENT);
}

TEST(Communicator, a_message_of_another_communicator_cannot_meet_ours) {
  const Communicator one = duplicate();
  const Communicator two = duplicate();
  const int next = (one.rank().value + 1) % one.size();
  const int previous = (one.rank().value + one.size() - 1) % one.size();
  const int first = 1;
  const int second = 2;
  MPI_Request sends[2];
  MPI_Isend(&first, 1, MPI_INT, next, 11, one.native(), &sends[0]);
  MPI_Isend(&second, 1, MPI_INT, next, 11, two.native(), &sends[1]);
  // Source and tag are the same, and the messages are received in the other order.
  int got = 0;
  MPI_Recv(&got, 1, MPI_INT, previous, 11, two.native(), MPI_STATUS_IGNORE);
  EXPECT_EQ(got, second);
  MPI_Recv(&got, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, one.native(), MPI_STATUS_IGNORE);
  EXPECT_EQ(got, first);
  MPI_Waitall(2, sends, MPI_STATUSES_IGNORE);
}

TEST(Communicator, errors_come_back_as_values) {
  const Communicator comm = duplicate();
  int value = 0;
  MPI_Request request = MPI_REQUEST_NULL;
  EXPECT_NE(MPI_Isend(&value, 1, MPI_INT, comm.size(), 11, comm.native(), &request), MPI_SUCCESS);
}

TEST(Communicator, moves_its_duplicate_along) {
  Communicator one = duplicate();
  const MPI_Comm native = one.native();
  const Communicator two = std::move(one);
  EXPECT_EQ(two.native(), native);
  EXPECT_EQ(two.size(), one.size());
  EXPECT_EQ(one.native(), MPI_COMM_NULL);  // NOLINT(bugprone-use-after-move): what the test is for
}

TEST(Communicator, an_abandoned_duplicate_is_left_to_mpi) {
  MPI_Comm native = MPI_COMM_NULL;
  {
    Communicator comm = duplicate();
    native = comm.native();
    comm.abandon();
  }
  int size = 0;
  EXPECT_EQ(MPI_Comm_size(native, &size), MPI_SUCCESS) << "not freed";
  MPI_Comm_free(&native);
}

TEST(Communicator, what_is_borrowed_is_given_back) {
  const Communicator owner = duplicate();
  {
    const Communicator comm = Communicator::borrow(owner.native());
    EXPECT_EQ(comm.native(), owner.native());
    EXPECT_EQ(comm.rank(), owner.rank());
    EXPECT_EQ(comm.size(), owner.size());
  }
  int size = 0;
  EXPECT_EQ(MPI_Comm_size(owner.native(), &size), MPI_SUCCESS) << "freed";
}

TEST(Communicator, another_thread_than_mpis_is_refused) {
  int level = MPI_THREAD_SINGLE;
  MPI_Query_thread(&level);
  if (level >= MPI_THREAD_SERIALIZED) GTEST_SKIP() << "this MPI lets other threads call it";
  bool refused = false;
  std::thread other{[&refused] {
    try {
      duplicate();
    } catch (const std::runtime_error&) {
      refused = true;
    }
  }};
  other.join();
  EXPECT_TRUE(refused);
}

TEST(Communicator, the_host_has_a_name) { EXPECT_FALSE(host_name().empty()); }

TEST(Environment, names_the_library_on_one_line) {
  const std::string version = Environment::library_version();
  EXPECT_FALSE(version.empty());
  EXPECT_EQ(version.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace mpiferry::mpi

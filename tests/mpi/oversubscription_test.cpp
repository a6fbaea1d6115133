// How many ranks share a core: all ranks of a test run on one host.
#include "engine/mpi/oversubscription.hpp"

#include <algorithm>
#include <cstddef>
#include <sched.h>
#include <sys/sysinfo.h>

#include <gtest/gtest.h>

#include "engine/mpi/environment.hpp"

namespace mpiferry::mpi {
namespace {

// Binds this process to some of its cores, and lets it loose again.
class Oversubscription : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::sched_getaffinity(0, sizeof all_, &all_) != 0) GTEST_SKIP() << "more than 1024 cores";
    // Binding works on what this process has; tell apart what mpirun has bound already.
    if (cores() < ::get_nprocs())
      GTEST_SKIP() << "the ranks are bound, or not all cores are theirs";
  }
  void TearDown() override { ASSERT_EQ(::sched_setaffinity(0, sizeof all_, &all_), 0); }

  int cores() const { return CPU_COUNT(&all_); }

  // Binds the process to the `n`-th of its cores, from 0, modulo their number.
  void bind(int n) {
    int skip = n % cores();
    for (std::size_t core = 0; core < CPU_SETSIZE; ++core) {
      if (!CPU_ISSET(core, &all_) || skip-- > 0) continue;
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(core, &one);
      ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
      return;
    }
  }

  Communicator world = Communicator::duplicate(Environment::world());

 private:
  cpu_set_t all_{};
};

TEST_F(Oversubscription, is_ranks_by_cores) {
  EXPECT_DOUBLE_EQ(ranks_per_core(world), static_cast<double>(world.size()) / cores());
}

TEST_F(Oversubscription, counts_the_cores_of_bound_ranks_together) {
  bind(world.rank().value);
  const int used = std::min(world.size(), cores());
  EXPECT_DOUBLE_EQ(ranks_per_core(world), static_cast<double>(world.size()) / used);
}

TEST_F(Oversubscription, counts_a_core_once_if_the_sets_overlap) {
  if (world.rank().value != 0) bind(world.rank().value - 1);  // rank 0 has them all
  EXPECT_DOUBLE_EQ(ranks_per_core(world), static_cast<double>(world.size()) / cores());
}

TEST_F(Oversubscription, on_one_core_is_all_of_them) {
  bind(0);
  EXPECT_DOUBLE_EQ(ranks_per_core(world), world.size());
}

}  // namespace
}  // namespace mpiferry::mpi

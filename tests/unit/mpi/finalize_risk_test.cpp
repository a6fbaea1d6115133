#include "engine/mpi/finalize_risk.hpp"

#include <gtest/gtest.h>

namespace mpiferry::mpi {
namespace {

constexpr const char* kMpich402 =
    "MPICH Version:    \t4.0.2\nMPICH Release date:\tThu Apr  7 2022\nMPICH Device:    \tch4:ucx\n";
constexpr const char* kMpich412 = "MPICH Version:      4.1.2\nMPICH Device:       ch4:ucx\n";
constexpr const char* kMpich420 = "MPICH Version:      4.2.0\nMPICH Device:       ch4:ucx\n";
constexpr const char* kMpich10 = "MPICH Version:      10.0\nMPICH Device:       ch4:ucx\n";
constexpr const char* kMpichOfi = "MPICH Version:      4.0.2\nMPICH Device:       ch4:ofi\n";
constexpr const char* kOpenMpi = "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4";

TEST(FinalizeRisk, exists_on_several_hosts_with_mpich_before_4_2_over_ucx) {
  EXPECT_TRUE(finalize_may_hang(kMpich402, false, std::nullopt));
  EXPECT_TRUE(finalize_may_hang(kMpich412, false, std::nullopt));
  EXPECT_TRUE(finalize_may_hang(kMpich402, false, "sm,tcp"));
}

TEST(FinalizeRisk, does_not_exist_in_other_libraries) {
  EXPECT_FALSE(finalize_may_hang(kMpich420, false, std::nullopt));
  EXPECT_FALSE(finalize_may_hang(kMpich10, false, std::nullopt));
  EXPECT_FALSE(finalize_may_hang(kMpichOfi, false, std::nullopt));
  EXPECT_FALSE(finalize_may_hang(kOpenMpi, false, std::nullopt));
  EXPECT_FALSE(finalize_may_hang("", false, std::nullopt));
}

TEST(FinalizeRisk, does_not_exist_on_one_host_with_shared_memory) {
  EXPECT_FALSE(finalize_may_hang(kMpich402, true, std::nullopt));
  EXPECT_FALSE(finalize_may_hang(kMpich402, true, "all"));
  EXPECT_FALSE(finalize_may_hang(kMpich402, true, "tcp,sm,self"));
  EXPECT_FALSE(finalize_may_hang(kMpich402, true, "posix"));
  EXPECT_FALSE(finalize_may_hang(kMpich402, true, "^tcp"));
}

TEST(FinalizeRisk, exists_on_one_host_without_shared_memory) {
  EXPECT_TRUE(finalize_may_hang(kMpich402, true, "tcp,self"));
  EXPECT_TRUE(finalize_may_hang(kMpich402, true, "tcp"));
  EXPECT_TRUE(finalize_may_hang(kMpich402, true, "^sm"));
  EXPECT_TRUE(finalize_may_hang(kMpich402, true, "^self,shm"));
}

}  // namespace
}  // namespace mpiferry::mpi

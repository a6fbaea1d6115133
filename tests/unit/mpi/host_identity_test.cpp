#include "engine/mpi/host_identity.hpp"

#include <gtest/gtest.h>

namespace mpiferry::mpi {
namespace {

const HostIdentity kHost{.name = "localhost", .boot = "7c1f", .network = "net:[1]"};

TEST(HostIdentity, is_the_same_for_processes_of_one_host) {
  EXPECT_EQ(own_host_identity("n").hash(), own_host_identity("n").hash());
  EXPECT_FALSE(own_host_identity("n").boot.empty());
  EXPECT_TRUE(own_host_identity("n").network.starts_with("net:["));
}

TEST(HostIdentity, differs_with_the_name_the_kernel_or_the_network) {
  const auto with = [](auto change) {
    HostIdentity other = kHost;
    change(other);
    return other.hash();
  };
  EXPECT_NE(kHost.hash(), with([](HostIdentity& it) { it.name = "n2"; }));
  EXPECT_NE(kHost.hash(), with([](HostIdentity& it) { it.boot = "8000"; }));
  EXPECT_NE(kHost.hash(), with([](HostIdentity& it) { it.network = "net:[2]"; }));
}

}  // namespace
}  // namespace mpiferry::mpi

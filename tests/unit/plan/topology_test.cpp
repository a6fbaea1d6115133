// With whom a rank exchanges chunks.
#include "engine/plan/topology.hpp"

#include <gtest/gtest.h>

namespace mpiferry::plan {
namespace {

TEST(Topology, of_a_star_leads_every_worker_to_the_master) {
  for (const int worker : {1, 2, 1000}) {
    EXPECT_EQ(Topology::star().upstream_of(Rank{worker}), kMaster);
  }
}

}  // namespace
}  // namespace mpiferry::plan

// No worker publishes its sums under a name that another one uses.
#include "engine/job/peer_table.hpp"

#include <gtest/gtest.h>

namespace mpiferry::job {
namespace {

wire::Ready ready(const char* host, const char* directory_id, bool shares = false) {
  return {.host = host,
          .machine = host,
          .directory = "out",
          .directory_id = directory_id,
          .shares_master_directory = shares};
}

TEST(PeerTable, a_worker_alone_in_its_directory_writes_plain_sums) {
  PeerTable peers{2};
  peers.on_ready(Rank{1}, ready("a", "1"));
  peers.on_ready(Rank{2}, ready("a", "2"));
  EXPECT_EQ(peers.sums_file(Rank{1}), "XXH3SUMS");
  EXPECT_EQ(peers.sums_file(Rank{2}), "XXH3SUMS");
}

TEST(PeerTable, workers_of_one_directory_write_sums_of_their_own) {
  PeerTable peers{3};
  peers.on_ready(Rank{1}, ready("a", "1"));
  peers.on_ready(Rank{2}, ready("b", "1"));
  peers.on_ready(Rank{3}, ready("a", "1"));
  EXPECT_EQ(peers.sums_file(Rank{1}), "XXH3SUMS.1");
  EXPECT_EQ(peers.sums_file(Rank{2}), "XXH3SUMS") << "another host";
  EXPECT_EQ(peers.sums_file(Rank{3}), "XXH3SUMS.3");
}

TEST(PeerTable, a_worker_beside_the_master_writes_no_sums) {
  PeerTable peers{1};
  peers.on_ready(Rank{1}, ready("a", "1", true));
  EXPECT_EQ(peers.sums_file(Rank{1}), "");
}

TEST(PeerTable, a_worker_that_says_twice_that_it_is_ready_is_no_neighbour_of_itself) {
  PeerTable peers{1};
  peers.on_ready(Rank{1}, ready("a", "1"));
  peers.on_ready(Rank{1}, ready("a", "1"));
  EXPECT_EQ(peers.sums_file(Rank{1}), "XXH3SUMS");
}

}  // namespace
}  // namespace mpiferry::job

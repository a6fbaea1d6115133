// What ranks tell each other beside the jobs.
#include "engine/mpi/exchange.hpp"

#include <string>

#include <gtest/gtest.h>

#include "engine/mpi/environment.hpp"

namespace mpiferry::mpi {
namespace {

class Exchange : public ::testing::Test {
 protected:
  Communicator world = Communicator::duplicate(Environment::world());
  int rank = world.rank().value;
  const GiveUp patient = [] { return false; };
};

TEST_F(Exchange, shares_the_text_of_rank_0) {
  const std::string text = "dest/{rank}/" + std::string(5000, 'x');
  EXPECT_EQ(share(world.native(), rank == 0 ? text : "something else of " + std::to_string(rank),
                  patient),
            text);
}

TEST_F(Exchange, shares_an_empty_text) {
  EXPECT_EQ(share(world.native(), rank == 0 ? "" : "not empty", patient), "");
}

TEST_F(Exchange, gathers_the_numbers_in_the_order_of_the_ranks) {
  const auto [all, missing] = gather(world.native(), {std::uint64_t{1} << (40 + rank)}, patient);
  EXPECT_EQ(missing, std::nullopt);
  ASSERT_EQ(all.size(), static_cast<std::size_t>(world.size()));
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], std::uint64_t{1} << (40 + i));
}

TEST_F(Exchange, gathers_several_numbers_of_each_rank) {
  const auto self = static_cast<std::uint64_t>(rank);
  const auto [all, missing] = gather(world.native(), {self, 100 + self, 200 + self}, patient);
  EXPECT_EQ(missing, std::nullopt);
  ASSERT_EQ(all.size(), 3 * static_cast<std::size_t>(world.size()));
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], 100 * (i % 3) + i / 3);
}

TEST_F(Exchange, finds_the_lowest_rank_that_says_yes) {
  for (int lowest = 0; lowest <= world.size(); ++lowest) {
    const Lowest found = lowest_with(world.native(), rank >= lowest, patient);
    EXPECT_EQ(found.missing, std::nullopt);
    EXPECT_EQ(found.rank, lowest < world.size() ? std::optional{Rank{lowest}} : std::nullopt);
  }
}

}  // namespace
}  // namespace mpiferry::mpi

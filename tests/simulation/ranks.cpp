#include "tests/simulation/ranks.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

namespace mpiferry::simulation {
namespace {

// What a handler takes at most.
constexpr std::chrono::microseconds kMostWork{5};

}  // namespace

RankLoop::RankLoop(Network& network, Disk& disk, Rank self, int size, std::uint64_t job)
    : clock_(network.world()),
      storage_(
          disk,
          {.pid = self.value + 1, .host = fmt::format("host{}", host_of(self)), .started = job}),
      environment_{.transport = endpoint_.emplace(network, io_, arena_, self, size),
                   .clock = clock_,
                   .threads = beside_,
                   .storage = storage_,
                   .host = fmt::format("host{}", host_of(self)),
                   .machine = fmt::format("machine{}", host_of(self))} {}

void RankLoop::start(job::Task<> task) {
  boost::asio::co_spawn(io_, std::move(task), job::Rethrow{});
}

bool RankLoop::poll_one(World& world) {
  if (lost_ || stopped_ || working_) return false;
  const bool told = endpoint_->tell_one();
  if (io_.poll_one() == 0 && !beside_.poll_one() && !told) return false;
  working_ = true;
  world.after(world.duration({}, kMostWork), [this] { working_ = false; });
  return true;
}

Ranks::Ranks(Network& network, Disks& disks, int size, std::uint64_t job) : network_(network) {
  for (int rank = 0; rank < size; ++rank) {
    loops_.push_back(
        std::make_unique<RankLoop>(network, disks.of(Rank{rank}), Rank{rank}, size, job));
  }
}

// One handler of one rank, whose turn a seed decides.
bool Ranks::take_turn() {
  const std::size_t first = network_.world().number(loops_.size() - 1);
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    if (loops_[(first + i) % loops_.size()]->poll_one(network_.world())) return true;
  }
  return false;
}

bool Ranks::run(Duration most) {
  const Time deadline = network_.world().now() + most;
  for (;;) {
    if (take_turn()) continue;
    if (std::ranges::all_of(loops_, [](const auto& loop) { return loop->ended(); })) return true;
    if (!network_.world().step() || network_.world().now() > deadline) return false;
  }
}

}  // namespace mpiferry::simulation

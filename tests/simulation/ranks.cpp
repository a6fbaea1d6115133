#include "tests/simulation/ranks.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

namespace mpiferry::simulation {
namespace {

// What a handler takes at most.
constexpr std::chrono::microseconds kMaxWork{5};

}  // namespace

RankLoop::RankLoop(Network& network, Disk& disk, Rank self, int size, std::uint64_t job, Wake wake)
    : wake_(std::move(wake)),
      storage_(
          disk,
          {.pid = self.value + 1, .host = fmt::format("host{}", host_of(self)), .started = job}),
      clock_(
          network.world(), [this] { this->wake(); }, storage_.spent()),
      environment_{.transport = endpoint_.emplace(network, io_, arena_, self, size),
                   .clock = clock_,
                   .threads = beside_,
                   .storage = storage_,
                   .host = fmt::format("host{}", host_of(self)),
                   .machine = fmt::format("machine{}", host_of(self))} {
  endpoint_->on_ready = [this] { this->wake(); };
}

void RankLoop::start(job::Task<> task) {
  boost::asio::co_spawn(io_, std::move(task), job::Rethrow{});
}

bool RankLoop::poll_one(Network& network) {
  if (lost_ || stopped_ || working_) return false;
  World& world = network.world();
  const bool told = endpoint_->tell_one();
  // Threads do not wait until the loop has nothing to do.
  const bool first = world.chance(0.5) && beside_.poll_one();
  if (!first && io_.poll_one() == 0 && !beside_.poll_one() && !told) return false;
  const bool master = environment_.self() == kMaster;
  const Duration work = network.speeds ? network.speeds->of(endpoint_->traffic(), master)
                                       : world.duration({}, kMaxWork) + storage_.take_spent();
  busy_ += work;
  if (work == Duration{}) return true;
  working_ = true;
  world.after(work, [this] {
    working_ = false;
    wake();
  });
  return true;
}

Ranks::Ranks(Network& network, Disks& disks, int size, std::uint64_t job) : network_(network) {
  for (int rank = 0; rank < size; ++rank) {
    loops_.push_back(std::make_unique<RankLoop>(network, disks.of(Rank{rank}), Rank{rank}, size,
                                                job, [this](RankLoop& it) { wake(it); }));
  }
}

void Ranks::wake(RankLoop& rank) {
  if (!std::exchange(rank.runnable_, true)) runnable_.push_back(&rank);
}

// One handler of one rank, whose turn a seed decides.
bool Ranks::take_turn() {
  while (!runnable_.empty()) {
    std::swap(runnable_[network_.world().number(runnable_.size() - 1)], runnable_.back());
    RankLoop& rank = *runnable_.back();
    if (rank.poll_one(network_)) return true;
    runnable_.pop_back();
    rank.runnable_ = false;
    if (rank.ended() && !std::exchange(rank.counted_, true)) ++ended_;
  }
  return false;
}

bool Ranks::run(Duration most) {
  const Time deadline = network_.world().now() + most;
  each([](RankLoop& rank) { rank.wake(); });
  for (;;) {
    if (take_turn()) continue;
    if (ended_ == loops_.size()) return true;
    if (!network_.world().step() || network_.world().now() > deadline) return false;
    loops_.front()->wake();  // whoever writes a FIFO does not know who reads it: rank 0
  }
}

}  // namespace mpiferry::simulation

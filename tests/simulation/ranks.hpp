// Runs all ranks of a job in one process: each has an event loop of its own, and a seed decides
// whose turn it is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "engine/job/environment.hpp"
#include "engine/job/task.hpp"
#include "tests/simulation/beside.hpp"
#include "tests/simulation/disk/rank_storage.hpp"
#include "tests/simulation/disks.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/world.hpp"

namespace mpiferry::simulation {

// What one rank runs on. Destroyed after what runs on it.
class RankLoop {
 public:
  // No other job has the number `job`. `wake` is called with the loop when it may have something to
  // do.
  using Wake = std::function<void(RankLoop&)>;
  RankLoop(Network& network, Disk& disk, Rank self, int size, std::uint64_t job, Wake wake);
  RankLoop(const RankLoop&) = delete;
  RankLoop& operator=(const RankLoop&) = delete;
  ~RankLoop() { endpoint_->shutdown(); }

  const job::Environment& environment() const noexcept { return environment_; }
  RankStorage& storage() noexcept { return storage_; }
  void start(job::Task<> task);
  // One handler, or one thing beside the loop, which takes its time. False if there is none now.
  bool poll_one(Network& network);
  // Nothing is left to be done, or the rank is lost.
  bool ended() const { return lost_ || io_.stopped(); }
  // It does nothing from now on, and nothing reaches it: its host is cut off, and stands still.
  void lose() {
    lost_ = true;
    endpoint_->cut_off();
    wake();
  }
  // The same of its process, which leaves its locks.
  void kill() {
    lose();
    storage_.die();
  }
  bool lost() const noexcept { return lost_; }
  // It does nothing for so long, and then goes on.
  void stop(World& world, Duration how_long) {
    stopped_ = true;
    world.after(how_long, [this] {
      stopped_ = false;
      wake();
    });
  }
  void wake() { wake_(*this); }
  // Returns how long the rank of a machine with speeds has worked.
  Duration busy() const noexcept { return busy_; }
  std::size_t chunks_being_sent() const noexcept { return endpoint_->chunks_being_sent(); }
  // Sends and receives that have not completed.
  std::size_t outstanding() const noexcept { return endpoint_->outstanding(); }

 private:
  friend class Ranks;

  const Wake wake_;
  bool runnable_ = false;
  bool counted_ = false;  // among those that have ended
  // The seams come first: where a job is given up, coroutines that still use them end with io_.
  transport::Arena arena_;
  RankStorage storage_;
  VirtualClock clock_;
  Beside beside_;
  std::optional<Endpoint> endpoint_;
  boost::asio::io_context io_{1};
  const job::Environment environment_;
  bool lost_ = false;
  bool stopped_ = false;
  bool working_ = false;
  Duration busy_{};
};

class Ranks {
 public:
  Ranks(Network& network, Disks& disks, int size, std::uint64_t job);

  RankLoop& operator[](Rank rank) { return *loops_[static_cast<std::size_t>(rank.value)]; }
  int size() const noexcept { return static_cast<int>(loops_.size()); }
  // Runs them all to their ends. False if one waits for what will not happen, or longer than
  // `most`.
  bool run(Duration most);
  template <class Act>
  void each(Act act) {
    for (const auto& loop : loops_) act(*loop);
  }

 private:
  bool take_turn();
  void wake(RankLoop& rank);
  Network& network_;
  std::vector<std::unique_ptr<RankLoop>> loops_;
  std::vector<RankLoop*> runnable_;  // that may have something to do
  std::size_t ended_ = 0;
};

}  // namespace mpiferry::simulation

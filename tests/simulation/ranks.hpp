// All ranks of a job in one process: each with an event loop of its own, in turns that a seed
// decides.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "engine/job/environment.hpp"
#include "engine/job/report.hpp"
#include "engine/job/task.hpp"
#include "engine/posix/posix_storage.hpp"
#include "tests/simulation/beside.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/world.hpp"

namespace mpiferry::simulation {

// What one rank runs on. Destroyed after what runs on it.
class RankLoop {
 public:
  RankLoop(Network& network, Rank self, int size);
  RankLoop(const RankLoop&) = delete;
  RankLoop& operator=(const RankLoop&) = delete;
  ~RankLoop() { endpoint_->shutdown(); }

  const job::Environment& environment() const noexcept { return environment_; }
  void start(job::Task<> task);
  // One handler, or one thing beside the loop, which takes its time. False if there is none now.
  bool poll_one(World& world);
  // Nothing is left to be done, or the rank is lost.
  bool ended() const { return lost_ || io_.stopped(); }
  // It does nothing from now on, and nothing reaches it.
  void lose() noexcept {
    lost_ = true;
    endpoint_->cut_off();
  }
  bool lost() const noexcept { return lost_; }
  // It does nothing for so long, and then goes on.
  void stop(World& world, Duration how_long) {
    stopped_ = true;
    world.after(how_long, [this] { stopped_ = false; });
  }

 private:
  // The seams come first: where a job is given up, coroutines that still use them end with io_.
  transport::Arena arena_;
  VirtualClock clock_;
  Beside beside_;
  posix::PosixStorage storage_;
  std::optional<Endpoint> endpoint_;
  boost::asio::io_context io_{1};
  const job::Environment environment_;
  bool lost_ = false;
  bool stopped_ = false;
  bool working_ = false;
};

class Ranks {
 public:
  Ranks(Network& network, int size);

  RankLoop& operator[](Rank rank) { return *loops_[static_cast<std::size_t>(rank.value)]; }
  int size() const noexcept { return static_cast<int>(loops_.size()); }
  // Runs them all to their ends. False if one waits for what will not happen, or longer than
  // `most`.
  bool run(Duration most);

 private:
  bool take_turn();
  Network& network_;
  std::vector<std::unique_ptr<RankLoop>> loops_;
};

}  // namespace mpiferry::simulation

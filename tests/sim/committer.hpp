// Makes chunks durable, several at a time: engine/operations/scatter/committer.* with its two
// threads as events.
#pragma once

#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "tests/sim/disk.hpp"
#include "tests/sim/setting.hpp"

namespace mpiferry::sim {

class Committer {
 public:
  using Done = std::function<void(DiskError)>;

  Committer(const Setting& setting, Rank self, Disk& disk)
      : setting_(setting), self_(self), disk_(disk) {}

  // Writes `payload` and publishes it as `name`, durably; then calls `done` on the rank's loop.
  void give(Disk::Part part, std::span<const std::byte> payload, std::uint64_t name, Done done);

 private:
  struct Commit {
    Disk::Part part;
    std::span<const std::byte> payload;
    std::uint64_t name = 0;
    Done done;
    DiskError error = {};
  };
  // One thread writes, the other takes together what was written while it was busy.
  void write_next();
  void sync_group();
  void publish_group();

  Setting setting_;
  Rank self_;
  Disk& disk_;
  std::deque<Commit> to_write_;
  std::vector<Commit> written_;
  std::vector<Commit> group_;
  bool writing_ = false;
};

}  // namespace mpiferry::sim

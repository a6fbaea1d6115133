// A simulated disk is one file system in memory that any number of ranks use.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/storage/storage.hpp"
#include "tests/simulation/disk/disk_faults.hpp"
#include "tests/simulation/disk/file_tree.hpp"

namespace mpiferry::simulation {

// Ranks have their descriptors in a RankStorage each. What a test does by path is done at once,
// without faults and for good: a power cut leaves it. The world outlives the disk, which outlives
// the storages and the io_contexts that wait for its FIFOs. Not thread-safe.
class Disk {
 public:
  explicit Disk(World& world, const DiskOptions& options = {})
      : world_(world), device_(options.device), tree_(world, options) {}

  // May be changed at any time.
  DiskFaults faults;

  // Is told of each path that a rename or a link has made.
  std::function<void(std::string_view path)> on_named = [](std::string_view) {};

  // Makes the directories on the way as well.
  void make_directories(std::string_view path);
  // Makes the directories on the way as well. A file that is there gets new contents, and keeps its
  // number.
  void write_file(std::string_view path, std::string_view bytes);
  // One that is there is written anew.
  void make_fifo(std::string_view path, std::string content, const FifoWriter& writer = {});
  // Nothing if it is no regular file.
  std::optional<std::string> read_file(std::string_view path) const;
  // Whether these bytes lie there in a file; `durable`: and are there after a power cut.
  bool holds(std::string_view path, std::uint64_t offset, std::string_view bytes,
             bool durable) const;
  bool exists(std::string_view path) const;
  // Removes it with all below it. Returns false if nothing is there.
  bool remove(std::string_view path);
  // Returns the paths of all regular files, in order.
  std::vector<std::string> names_below(std::string_view path) const;

  // What was not synced is lost. File data and sizes are as they were when the file was synced, of
  // a file that never was nothing is left; names are as they were when their directory was synced.
  // Processes that still run go on with files that may have no name any more: let them die first.
  void cut_power() { tree_.cut_power(); }

  // Whether one of its storages is that of a process that lives.
  bool alive(const storage::ProcessId& process) const;

 private:
  friend class RankStorage;

  std::shared_ptr<Inode> name(std::string_view path, mode_t mode);

  World& world_;
  const dev_t device_;
  FileTree tree_;
  std::vector<storage::ProcessId> processes_;  // that live
  int last_descriptor_ = 99;
};

}  // namespace mpiferry::simulation

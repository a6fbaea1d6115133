// The names on a simulated disk: where they lead, and how they change.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <time.h>

#include "engine/base/units.hpp"
#include "tests/simulation/disk/inode.hpp"
#include "tests/simulation/world.hpp"

namespace mpiferry::simulation {

struct DiskOptions {
  Bytes capacity = 1024_GiB;
  dev_t device = 0x801;
  // They are those of all processes. User 0 may read and write whatever the modes of files say.
  uid_t user = 1000;
  gid_t group = 1000;
};

// Where a path leads.
struct Place {
  int error = 0;                          // why it leads nowhere
  std::shared_ptr<Inode> directory = {};  // that has the last name, or would have it
  std::string_view name = {};             // the last one, in the path
  bool dots = false;                      // it is ".", ".." or "/"
  bool slash = false;                     // one follows: only a directory is meant
  std::shared_ptr<Inode> found = {};      // nullptr: there is no such name
};

// As in the kernel, a negative result is an errno. There are no symbolic links, and no directory
// leaves its directory.
class FileTree {
 public:
  FileTree(World& world, const DiskOptions& options);

  const std::shared_ptr<Inode>& root() const noexcept { return root_; }
  // From `start`, unless it is absolute.
  Place look_up(const std::shared_ptr<Inode>& start, std::string_view path) const;
  // From the root, of what was found.
  std::string path_of(const Place& place) const;

  // What is opened is `found` in the place then, be it new.
  int open(Place& place, int flags, mode_t mode);
  int make_directory(const Place& place, mode_t mode);
  int link(const Place& from, const Place& to);
  int unlink(const Place& place);
  int rename(const Place& from, const Place& to, unsigned flags);
  int set_owner(Inode& inode, uid_t user, gid_t group) const;

  // `mode` includes the kind. The inode has no name yet.
  std::shared_ptr<Inode> make(mode_t mode);
  void add(Inode& directory, std::string_view name, const std::shared_ptr<Inode>& inode);
  // Whatever it is, with all below it.
  void remove(Inode& directory, std::string_view name);
  void resize(Inode& file, std::uint64_t size);
  // Its space goes back if neither a name nor an open file is left.
  static void release(Inode& inode);

  // What a power cut leaves of it is what it is now, without its `attributes` for fdatasync.
  static void sync(Inode& inode, bool attributes);
  void sync_all() { sync_all(*root_); }
  void cut_power();
  // What an absolute path leads to after a power cut; nullptr: nowhere.
  const Inode* durable_at(std::string_view path) const;

  // Later than any that was asked for before.
  timespec tick();
  const Space& space() const noexcept { return space_; }

 private:
  bool may(const Inode& inode, mode_t rights) const noexcept;
  int check_new(const Place& place) const;
  int check_renamed(const Place& from, const Place& to, unsigned flags) const;
  int open_existing(const Place& place, int flags);
  std::string path_of(const Inode& directory) const;
  static void sync_all(Inode& inode);
  static void revert(Inode& inode);

  World& world_;
  const uid_t user_;
  const gid_t group_;
  Space space_;
  InodeNumbers numbers_;
  std::chrono::nanoseconds last_tick_{};
  std::shared_ptr<Inode> root_;
};

}  // namespace mpiferry::simulation

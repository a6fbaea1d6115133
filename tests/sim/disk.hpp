// A rank's destination: parts, names, and what of both a power cut would leave.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/units.hpp"
#include "engine/wire/ack.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/scenario.hpp"
#include "tests/sim/world.hpp"

namespace mpiferry::sim {

// Files are named by number: a chunk by its index, and these.
inline constexpr std::uint64_t kSumsFile = UINT64_MAX;
inline constexpr std::uint64_t kManifestFile = UINT64_MAX - 1;

struct DiskError {
  wire::WriteCall call = wire::WriteCall::none;
  int system_errno = 0;
  explicit operator bool() const noexcept { return call != wire::WriteCall::none; }
};

// Calls take effect at once; how long they take is said by delay(), for whoever calls to wait.
// Not thread-safe.
class Disk {
 public:
  struct File {
    std::vector<std::byte> bytes;
    std::size_t synced = 0;  // the first so many bytes are on stable storage
  };
  using Part = std::shared_ptr<File>;
  // What lies there, and what of it a power cut would leave.
  struct Content {
    std::map<std::uint64_t, Part> visible;
    std::map<std::uint64_t, Part> durable;
  };

  Disk(Rank rank, Faults& faults, const Scenario& scenario, Random random);

  // What an earlier job has left.
  void restore(Content content) { content_ = std::move(content); }
  const Content& content() const noexcept { return content_; }

  // Of the next call; kForEver if it will never return.
  Duration delay();

  // Calls never return.
  bool stuck() const noexcept { return stuck_; }

  DiskError open(Part* part);
  // All of `bytes`, in as many calls as it takes.
  DiskError append(File& part, std::span<const std::byte> bytes);
  DiskError sync(File& part);
  // The part becomes visible as `name`.
  DiskError rename(const Part& part, std::uint64_t name);
  // Makes names durable.
  DiskError sync_names();
  // Makes everything durable: syncfs.
  DiskError sync_all();
  void remove(std::uint64_t name) { content_.visible.erase(name); }
  // open, append, (sync,) rename (and sync_names) at once.
  DiskError publish(std::uint64_t name, std::span<const std::byte> bytes, bool durable);

  // nullptr: there is no such file.
  const std::vector<std::byte>* find(std::uint64_t name) const;
  // What a power cut at this moment would leave of it for sure; nullptr: nothing.
  const File* find_durable(std::uint64_t name) const;
  // Names that were not synced may have reached the disk or not; bytes that were not, have not.
  void power_cut();

  // Called with what has just become visible.
  std::function<void(std::uint64_t name, const std::vector<std::byte>& bytes)> on_visible;

 private:
  // Counts a call; an error if a fault wants one.
  DiskError call(wire::WriteCall call);

  Rank rank_;
  Faults& faults_;
  const Scenario& scenario_;
  Random random_;
  Content content_;
  std::uint64_t room_ = UINT64_MAX;  // bytes that still fit
  bool failing_ = false;             // the next call fails with EIO
  bool short_write_ = false;
  std::uint64_t slowness_ = 1;
  bool stuck_ = false;
};

// Between two jobs: a file is damaged, cut or removed here and there.
void decay(Disk::Content& content, Random& random);

}  // namespace mpiferry::sim

// What one rank has open on a simulated disk.
#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>

#include "engine/storage/storage.hpp"
#include "tests/simulation/disk/disk.hpp"
#include "tests/simulation/disk/open_file.hpp"

namespace mpiferry::simulation {

// The numbers of descriptors are never used again, nor by other ranks: who uses one that is closed
// is found out. Relative paths begin at the root, the umask is 022, and nothing is limited. Not
// thread-safe: in a simulation ranks take turns.
class RankStorage final : public storage::Storage {
 public:
  // `process` starts to live.
  RankStorage(Disk& disk, storage::ProcessId process);
  // The longest that a read at an offset takes of this rank's time.
  Duration slowest_read{};
  // How long its calls have taken since it was asked for last.
  const Duration& spent() const noexcept { return spent_; }
  Duration take_spent() noexcept { return std::exchange(spent_, {}); }
  // Errors of this rank's calls alone, beside those of the disk.
  DiskFaults faults;

  ~RankStorage() override { die(); }

  // All that it has open is closed, its locks with it. From then on every call fails with EIO, and
  // a wait for a FIFO has no end.
  void die() noexcept;

  // How many calls have failed with an error of DiskFaults; not with an EINTR.
  std::uint64_t injected() const noexcept { return injected_; }
  // How many calls were given a descriptor that was closed, or another rank's.
  std::uint64_t misused() const noexcept { return misused_; }

  int open_at(int directory, const char* path, int flags, mode_t mode) noexcept override;
  int close(int file) noexcept override;
  int duplicate(int file) noexcept override;
  int flags(int file) noexcept override;
  int set_flags(int file, int flags) noexcept override;

  ssize_t read(int file, std::span<std::byte> out) noexcept override;
  ssize_t read_at(int file, std::span<std::byte> out, off_t offset) noexcept override;
  ssize_t write(int file, std::span<const std::byte> bytes) noexcept override;
  ssize_t write_at(int file, std::span<const std::byte> bytes, off_t offset) noexcept override;
  off_t seek(int file, off_t offset, int whence) noexcept override;
  int truncate(int file, off_t size) noexcept override;
  int allocate(int file, int mode, off_t offset, off_t length) noexcept override;

  int sync(int file) noexcept override;
  int sync_data(int file) noexcept override;
  int sync_file_system(int file) noexcept override;
  void start_sync(int /*file*/, off_t /*offset*/, off_t /*length*/) noexcept override {}
  void advise_sequential(int /*file*/, off_t /*offset*/) noexcept override {}

  int stat_at(int directory, const char* path, struct stat& out, int flags) noexcept override;
  int stat(int file, struct stat& out) noexcept override;
  std::optional<std::string> real_path(const char* path) override;
  std::uint64_t file_system_type(int file) noexcept override;
  int space(int file, struct statvfs& out) noexcept override;
  storage::QuotaLeft quota_left(int /*directory*/) noexcept override { return {}; }
  storage::ProcessLimits limits() noexcept override;
  std::uint64_t open_files() noexcept override { return open_.size(); }

  int make_directory(const char* path, mode_t mode) noexcept override;
  int rename(int directory, const char* from, const char* to, unsigned flags) noexcept override;
  int link(int directory, const char* from, const char* to) noexcept override;
  int unlink(int directory, const char* name) noexcept override;
  std::unique_ptr<storage::Listing> list(int directory) override;

  int lock(int file, int operation) noexcept override;
  storage::ProcessId this_process() override { return process_; }
  std::optional<bool> runs(const storage::ProcessId& process) override;
  void pause(std::chrono::milliseconds /*moment*/) noexcept override {}

  int set_owner(int file, uid_t user, gid_t group) noexcept override;
  int set_mode(int file, mode_t mode) noexcept override;
  int set_modified(int file, timespec time) noexcept override;
  ssize_t attribute(const char* path, const char* name, std::span<std::byte> out) noexcept override;
  int set_attribute(int file, const char* name, std::span<const std::byte> value) noexcept override;
  int remove_attribute(int file, const char* name) noexcept override;

  std::optional<storage::DescriptorPath> descriptor_path(const std::string& /*path*/) override {
    return std::nullopt;
  }
  short poll(int file, short events, int milliseconds) noexcept override;
  void widen_pipe(int file, int bytes) noexcept override;
  std::unique_ptr<storage::Readable> readable(boost::asio::io_context& io, int file) override;

 private:
  // What may go wrong in a call, beside an interruption.
  enum class Error : std::uint8_t { none, io, io_or_space };

  OpenFile* find(int file) noexcept;
  int add(std::shared_ptr<OpenFile> file);
  Place look_up(int directory, const char* path) noexcept;
  int fault(Error error, bool interruptible);
  int sync(int file, bool attributes) noexcept;
  int named(int directory, const char* name, int result) noexcept;
  int fill(const Inode& inode, struct stat& out) const noexcept;
  // What a call returns; a negative result is an errno.
  template <class Result>
  static Result done(Result result) noexcept {
    if (result >= 0) return result;
    errno = static_cast<int>(-result);
    return -1;
  }

  Disk& disk_;
  const storage::ProcessId process_;
  Duration spent_{};
  FaultDice dice_;
  FaultDice own_dice_;
  std::unordered_map<int, std::shared_ptr<OpenFile>> open_;
  bool dead_ = false;
  std::uint64_t injected_ = 0;
  std::uint64_t misused_ = 0;
};

}  // namespace mpiferry::simulation

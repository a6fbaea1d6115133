// The files of this host, as the kernel has them.
#pragma once

#include "engine/storage/storage.hpp"

namespace mpiferry::posix {

// Holds nothing: descriptors are the process's.
class PosixStorage final : public storage::Storage {
 public:
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
  void start_sync(int file, off_t offset, off_t length) noexcept override;
  void advise_sequential(int file, off_t offset) noexcept override;

  int stat_at(int directory, const char* path, struct stat& out, int flags) noexcept override;
  int stat(int file, struct stat& out) noexcept override;
  std::optional<std::string> real_path(const char* path) override;
  std::uint64_t file_system_type(int file) noexcept override;
  int space(int file, struct statvfs& out) noexcept override;
  storage::QuotaLeft quota_left(int directory) noexcept override;
  storage::ProcessLimits limits() noexcept override;
  std::uint64_t open_files() noexcept override;

  int make_directory(const char* path, mode_t mode) noexcept override;
  int rename(int directory, const char* from, const char* to, unsigned flags) noexcept override;
  int link(int directory, const char* from, const char* to) noexcept override;
  int unlink(int directory, const char* name) noexcept override;
  std::unique_ptr<storage::Listing> list(int directory) override;

  int lock(int file, int operation) noexcept override;
  storage::ProcessId this_process() override;
  std::optional<bool> runs(const storage::ProcessId& process) override;
  void pause(std::chrono::milliseconds moment) noexcept override;

  int set_owner(int file, uid_t user, gid_t group) noexcept override;
  int set_mode(int file, mode_t mode) noexcept override;
  int set_modified(int file, timespec time) noexcept override;
  ssize_t attribute(const char* path, const char* name, std::span<std::byte> out) noexcept override;
  int set_attribute(int file, const char* name, std::span<const std::byte> value) noexcept override;
  int remove_attribute(int file, const char* name) noexcept override;

  std::optional<storage::DescriptorPath> descriptor_path(const std::string& path) override;
  short poll(int file, short events, int milliseconds) noexcept override;
  void widen_pipe(int file, int bytes) noexcept override;
  std::unique_ptr<storage::Readable> readable(boost::asio::io_context& io, int file) override;
};

}  // namespace mpiferry::posix

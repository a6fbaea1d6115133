// An open file of the simulated disk: what a descriptor and its duplicates share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <sys/types.h>

#include "tests/simulation/disk/file_tree.hpp"

namespace mpiferry::simulation {

// As in the kernel, a negative result is an errno. The tree outlives it.
class OpenFile {
 public:
  OpenFile(FileTree& tree, std::shared_ptr<Inode> inode, int flags);
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile();

  const std::shared_ptr<Inode>& inode() const noexcept { return inode_; }
  int flags() const noexcept { return flags_; }
  void set_flags(int flags) noexcept;

  ssize_t read(std::span<std::byte> out);
  ssize_t read_at(std::span<std::byte> out, off_t offset) const;
  ssize_t write(std::span<const std::byte> bytes);
  ssize_t write_at(std::span<const std::byte> bytes, off_t offset);
  off_t seek(off_t offset, int whence);
  int truncate(off_t size);
  int allocate(int mode, off_t offset, off_t length);
  // fdatasync does not sync the attributes.
  int sync(bool attributes);
  int lock(int operation);

 private:
  int check_read() const noexcept;
  int check_write() const noexcept;
  bool is_aligned(std::span<const std::byte> memory, std::uint64_t offset) const noexcept;
  ssize_t get(std::span<std::byte> out, std::uint64_t offset) const;
  ssize_t put(std::span<const std::byte> bytes, std::uint64_t offset);
  off_t target(off_t offset, int whence) const;

  FileTree& tree_;
  const std::shared_ptr<Inode> inode_;
  int flags_;
  std::uint64_t position_ = 0;
};

}  // namespace mpiferry::simulation

#include "tests/simulation/disk/open_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace mpiferry::simulation {

OpenFile::OpenFile(FileTree& tree, std::shared_ptr<Inode> inode, int flags)
    : tree_(tree),
      inode_(std::move(inode)),
      flags_(flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)) {
  ++inode_->open_files;
  if (inode_->is_fifo()) inode_->pipe->open_reader();
}

OpenFile::~OpenFile() {
  inode_->lock.unlock(this);
  if (inode_->is_fifo()) inode_->pipe->close_reader();
  --inode_->open_files;
  FileTree::release(*inode_);
}

void OpenFile::set_flags(int flags) noexcept {
  constexpr int kChangeable = O_APPEND | O_NONBLOCK | O_DIRECT;
  flags_ = (flags_ & ~kChangeable) | (flags & kChangeable);
}

int OpenFile::check_read() const noexcept {
  if ((flags_ & O_ACCMODE) == O_WRONLY) return -EBADF;
  return inode_->is_directory() ? -EISDIR : 0;
}

int OpenFile::check_write() const noexcept { return (flags_ & O_ACCMODE) == O_RDONLY ? -EBADF : 0; }

// As ext4 wants it of O_DIRECT; tmpfs, for one, is content with anything.
bool OpenFile::is_aligned(std::span<const std::byte> memory, std::uint64_t offset) const noexcept {
  constexpr std::uint64_t kSector = 512;
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  return (flags_ & O_DIRECT) == 0 || (address | memory.size() | offset) % kSector == 0;
}

ssize_t OpenFile::read(std::span<std::byte> out) {
  if (const int error = check_read(); error != 0) return error;
  if (inode_->is_fifo()) return inode_->pipe->read(out);
  const ssize_t got = get(out, position_);
  if (got > 0) position_ += static_cast<std::uint64_t>(got);
  return got;
}

ssize_t OpenFile::read_at(std::span<std::byte> out, off_t offset) const {
  if (offset < 0) return -EINVAL;
  if (inode_->is_fifo()) return -ESPIPE;
  if (const int error = check_read(); error != 0) return error;
  return get(out, static_cast<std::uint64_t>(offset));
}

ssize_t OpenFile::get(std::span<std::byte> out, std::uint64_t offset) const {
  if (!is_aligned(out, offset)) return -EINVAL;
  if (offset >= inode_->size) return 0;
  const std::size_t bytes = std::min<std::uint64_t>(out.size(), inode_->size - offset);
  inode_->contents.read(offset, out.first(bytes));
  return static_cast<ssize_t>(bytes);
}

ssize_t OpenFile::write(std::span<const std::byte> bytes) {
  if (const int error = check_write(); error != 0) return error;
  const std::uint64_t at = (flags_ & O_APPEND) != 0 ? inode_->size : position_;
  const ssize_t put = this->put(bytes, at);
  if (put > 0) position_ = at + static_cast<std::uint64_t>(put);
  return put;
}

// With O_APPEND it goes to the end all the same, as Linux has it.
ssize_t OpenFile::write_at(std::span<const std::byte> bytes, off_t offset) {
  if (offset < 0) return -EINVAL;
  if (inode_->is_fifo()) return -ESPIPE;
  if (const int error = check_write(); error != 0) return error;
  return put(bytes, (flags_ & O_APPEND) != 0 ? inode_->size : static_cast<std::uint64_t>(offset));
}

ssize_t OpenFile::put(std::span<const std::byte> bytes, std::uint64_t offset) {
  if (bytes.empty()) return 0;
  if (!is_aligned(bytes, offset)) return -EINVAL;
  const std::size_t done = inode_->contents.write(offset, bytes);
  if (done == 0) return -ENOSPC;
  inode_->size = std::max(inode_->size, offset + done);
  inode_->attributes.modified = tree_.tick();
  return static_cast<ssize_t>(done);
}

off_t OpenFile::seek(off_t offset, int whence) {
  if (inode_->is_fifo()) return -ESPIPE;
  const off_t to = target(offset, whence);
  if (to >= 0) position_ = static_cast<std::uint64_t>(to);
  return to;
}

off_t OpenFile::target(off_t offset, int whence) const {
  const auto size = static_cast<off_t>(inode_->size);
  off_t from = 0;
  switch (whence) {
    case SEEK_SET:
      break;
    case SEEK_CUR:
      from = static_cast<off_t>(position_);
      break;
    case SEEK_END:
      from = size;
      break;
    case SEEK_DATA:
    case SEEK_HOLE: {
      if (offset < 0 || offset >= size) return -ENXIO;
      const auto at = static_cast<std::uint64_t>(offset);
      if (whence == SEEK_HOLE) {
        return std::min(static_cast<off_t>(inode_->contents.next_hole(at)), size);
      }
      const auto data = inode_->contents.next_data(at);
      return data ? static_cast<off_t>(*data) : -ENXIO;
    }
    default:
      return -EINVAL;
  }
  return from + offset < 0 ? -EINVAL : from + offset;
}

int OpenFile::truncate(off_t size) {
  if (size < 0 || check_write() != 0 || !inode_->is_regular()) return -EINVAL;
  tree_.resize(*inode_, static_cast<std::uint64_t>(size));
  return 0;
}

int OpenFile::allocate(int mode, off_t offset, off_t length) {
  constexpr int kPunch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  if (offset < 0 || length <= 0) return -EINVAL;
  if (mode != 0 && mode != FALLOC_FL_KEEP_SIZE && mode != kPunch) return -EOPNOTSUPP;
  if (const int error = check_write(); error != 0) return error;
  const auto begin = static_cast<std::uint64_t>(offset);
  const auto bytes = static_cast<std::uint64_t>(length);
  if (mode == kPunch) {
    inode_->contents.punch(begin, begin + bytes);
  } else if (!inode_->contents.reserve(begin, bytes)) {
    return -ENOSPC;
  }
  if (mode == 0) inode_->size = std::max(inode_->size, begin + bytes);
  inode_->attributes.modified = tree_.tick();
  return 0;
}

int OpenFile::sync(bool attributes) {
  if (inode_->is_fifo()) return -EINVAL;
  FileTree::sync(*inode_, attributes);
  return 0;
}

// Without LOCK_NB, too, it does not wait: nobody else would run.
int OpenFile::lock(int operation) {
  switch (operation & ~LOCK_NB) {
    case LOCK_UN:
      inode_->lock.unlock(this);
      return 0;
    case LOCK_SH:
      return inode_->lock.lock(this, false) ? 0 : -EWOULDBLOCK;
    case LOCK_EX:
      return inode_->lock.lock(this, true) ? 0 : -EWOULDBLOCK;
    default:
      return -EINVAL;
  }
}

}  // namespace mpiferry::simulation

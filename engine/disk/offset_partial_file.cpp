#include "engine/disk/offset_partial_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "engine/disk/allocated_bytes.hpp"
#include "engine/disk/file_id.hpp"
#include "engine/disk/new_name.hpp"
#include "engine/disk/read_at.hpp"
#include "engine/disk/write_at.hpp"

namespace mpiferry::disk {
namespace {

// Of a call that returns -1 with errno: 0 or that errno. Interrupted ones are made again.
template <class SystemCall>
int persist(SystemCall call) noexcept {
  while (call() != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

bool is_zero(std::span<const std::byte> bytes) noexcept {
  // The first byte is 0, and every one is like the one before it.
  return bytes.empty() || (bytes.front() == std::byte{0} &&
                           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

// How many bytes at the front of `bytes`, which are to lie at `offset`, are pages of zeros, or
// pages that are not. Pages are the file's; the first and the last may be a part of one.
std::size_t leading_pages(Bytes offset, std::span<const std::byte> bytes, bool zeros) noexcept {
  std::size_t found = 0;
  while (found < bytes.size()) {
    const std::size_t page =
        std::min(bytes.size() - found, kPageSize - (offset.value + found) % kPageSize);
    if (is_zero(bytes.subspan(found, page)) != zeros) break;
    found += page;
  }
  return found;
}

}  // namespace

Outcome OffsetPartialFile::unpublish() {
  const int error = take_name_back();
  if (error == EEXIST) return occupied();
  if (error != 0) return failure(Errc::dest_unusable, "rename", error);
  return Nothing{};
}

// 0 or the errno of rename.
int OffsetPartialFile::take_name_back() noexcept {
  if (!published_) return 0;
  if (leads_here(final_name_)) {
    const int error = rename_open(directory_, final_name_.c_str(), partial_name_.c_str());
    if (error != 0) return error;
  } else if (!leads_here(partial_name_)) {  // else another rank was quicker
    return ENOENT;
  }
  published_ = false;
  return 0;
}

Outcome OffsetPartialFile::preallocate(Bytes size) {
  if (size.value > std::numeric_limits<off_t>::max()) {
    return failure(Errc::dest_write_failed, "fallocate", EFBIG);
  }
  struct stat before {};
  if (::fstat(descriptor_.get(), &before) != 0) {
    return failure(Errc::dest_unusable, "fstat", errno);
  }
  const auto length = static_cast<off_t>(size.value);
  if (length == 0) return Nothing{};
  // Not posix_fallocate: where the file system cannot, that writes into every block.
  const int mode = published_ ? FALLOC_FL_KEEP_SIZE : 0;
  std::string_view call = "fallocate";
  int error = persist([&] { return ::fallocate(descriptor_.get(), mode, 0, length); });
  if (error == EOPNOTSUPP || error == ENOSYS) {
    call = "ftruncate";
    error = published_ || before.st_size >= length
                ? 0
                : persist([&] { return ::ftruncate(descriptor_.get(), length); });
  }
  if (error == 0) return Nothing{};
  // What it got of the disk, also beyond its end, goes back.
  static_cast<void>(persist([&] { return ::ftruncate(descriptor_.get(), before.st_size); }));
  Failure failed = failure(Errc::dest_write_failed, call, error);
  if (error == EFBIG) {
    failed.hint = "raise the file size limit (ulimit -f), or name a file system for larger files";
  }
  return failed;
}

Bytes OffsetPartialFile::allocated() const noexcept {
  struct stat status {};
  return ::fstat(descriptor_.get(), &status) == 0 ? allocated_bytes(status) : 0_B;
}

void OffsetPartialFile::go_direct() noexcept {
  if (direct_) return;
  Descriptor direct{
      ::openat(directory_, name().c_str(), O_WRONLY | O_DIRECT | O_NOFOLLOW | O_CLOEXEC)};
  if (direct && is_same_file(direct.get(), descriptor_.get())) direct_ = std::move(direct);
}

WriteError OffsetPartialFile::write(Bytes offset, std::span<const std::byte> bytes) const noexcept {
  const int error = write_at(descriptor_.get(), direct_.get(), offset, bytes);
  return error == 0 ? WriteError{} : WriteError{Call::write, error};
}

WriteError OffsetPartialFile::write_sparse(Bytes offset, std::span<const std::byte> bytes,
                                           bool over) const noexcept {
  while (!bytes.empty()) {
    const std::size_t zeros = leading_pages(offset, bytes, true);
    if (zeros > 0) {
      if (const WriteError error = write_zeros(offset, bytes.first(zeros), over)) return error;
      bytes = bytes.subspan(zeros);
      offset += Bytes{zeros};
    }
    const std::size_t data = leading_pages(offset, bytes, false);
    if (const WriteError error = write(offset, bytes.first(data))) return error;
    bytes = bytes.subspan(data);
    offset += Bytes{data};
  }
  return {};
}

WriteError OffsetPartialFile::write_zeros(Bytes offset, std::span<const std::byte> zeros,
                                          bool over) const noexcept {
  if (!over) return {};
  const int error = persist([&] {
    return ::fallocate(descriptor_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                       static_cast<off_t>(offset.value), static_cast<off_t>(zeros.size()));
  });
  return error == 0 ? WriteError{} : write(offset, zeros);  // some file systems have no holes
}

Outcome OffsetPartialFile::extend(Bytes size) {
  const Result<Bytes> now = this->size();
  if (!now) return now.error();
  if (*now >= size) return Nothing{};
  const auto length = static_cast<off_t>(size.value);
  const int error = persist([&] { return ::ftruncate(descriptor_.get(), length); });
  return error == 0 ? Outcome{Nothing{}} : failure(Errc::dest_write_failed, "ftruncate", error);
}

Result<std::size_t> OffsetPartialFile::read(Bytes offset, std::span<std::byte> out) const {
  const ReadAt read = read_at(descriptor_.get(), offset, out);
  if (read.system_errno != 0) return failure(Errc::dest_unusable, "pread", read.system_errno);
  return read.bytes;
}

Result<Bytes> OffsetPartialFile::size() const {
  struct stat status {};
  if (::fstat(descriptor_.get(), &status) != 0) {
    return failure(Errc::dest_unusable, "fstat", errno);
  }
  return Bytes{static_cast<std::uint64_t>(status.st_size)};
}

void OffsetPartialFile::start_sync(Bytes offset, Bytes length) const noexcept {
  ::sync_file_range(descriptor_.get(), static_cast<off_t>(offset.value),
                    static_cast<off_t>(length.value), SYNC_FILE_RANGE_WRITE);
}

WriteError OffsetPartialFile::sync() const noexcept {
  const int error = persist([this] { return ::fdatasync(descriptor_.get()); });
  return error == 0 ? WriteError{} : WriteError{Call::sync, error};
}

WriteError OffsetPartialFile::publish(Bytes size, bool durable, bool replace,
                                      const FileStamp& stamp) noexcept {
  struct stat status {};
  if (::fstat(descriptor_.get(), &status) != 0) return {Call::stat, errno};
  if (static_cast<std::uint64_t>(status.st_size) != size.value) {
    if (const int error = take_name_back(); error != 0) return {Call::rename, error};
    const auto length = static_cast<off_t>(size.value);
    const int error = persist([&] { return ::ftruncate(descriptor_.get(), length); });
    if (error != 0) return {Call::truncate, error};
  }
  int stamped = raised_ ? take_back_mode(descriptor_.get(), mode_) : 0;
  if (stamped == 0) stamped = stamp.put_on(descriptor_.get());
  if (stamped != 0) return {Call::attributes, stamped};
  found_mode_.reset();
  if (durable) {
    const int error = persist([this] { return ::fsync(descriptor_.get()); });
    if (error != 0) return {Call::sync, error};
  }
  const bool ours = leads_here(name());
  // A duplicate holds the lock until the rename is done: without one somebody may take the part for
  // a dead job's in that moment.
  Descriptor lock{::fcntl(descriptor_.get(), F_DUPFD_CLOEXEC, 0)};
  WriteError failed = close();
  if (!failed) {
    const int error = ours ? name_finally(replace) : ENOENT;
    if (error != 0) failed = {Call::rename, error};
  }
  if (!failed) return {};
  descriptor_ = std::move(lock);  // for `discard`
  return failed;
}

// 0 or the errno of rename.
int OffsetPartialFile::name_finally(bool replace) noexcept {
  if (published_) return 0;
  const char* part = partial_name_.c_str();
  const char* final = final_name_.c_str();
  int error = 0;
  if (!replace) {
    error = rename_new(directory_, part, final);
  } else if (::renameat(directory_, part, directory_, final) != 0) {
    error = errno;
  }
  published_ = error == 0;
  return error;
}

WriteError OffsetPartialFile::close() noexcept {
  const int late = direct_.close();
  const int error = descriptor_.close();
  if (error == 0 && late == 0) return {};
  return {Call::close, error != 0 ? error : late};
}

void OffsetPartialFile::discard() noexcept {
  if (descriptor_ && !published_ && leads_here(partial_name_)) {
    ::unlinkat(directory_, partial_name_.c_str(), 0);  // while it is locked
  }
  give_back_mode();
  close();
}

}  // namespace mpiferry::disk

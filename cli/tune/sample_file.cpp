#include "cli/tune/sample_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <random>
#include <string>
#include <sys/statvfs.h>
#include <unistd.h>
#include <vector>

#include "engine/disk/unique_name.hpp"
#include "engine/posix/descriptor.hpp"

namespace mpiferry::cli {
namespace {

constexpr std::size_t kSliceWords = (std::size_t{4} << 20U) / sizeof(std::uint64_t);
// The last sync, during which nobody is asked, must not have all of it to write.
constexpr std::uint64_t kSyncEvery = std::uint64_t{64} << 20U;

Failure failure(const std::string& path, const char* call, int system_errno) {
  Failure out{.code = Errc::source_unreadable,
              .path = path,
              .call = call,
              .system_errno = system_errno,
              .detail = "the sample cannot be made"};
  switch (system_errno) {
    case ENOENT:
    case ENOTDIR:
      out.code = Errc::source_not_found;
      out.hint = "name a directory that exists, on the disk that your sources are read from";
      break;
    case ENOSPC:
    case EDQUOT:
      out.hint = "free some space there, or choose a smaller --size";
      break;
    case EFBIG:
      out.hint = "raise the file size limit (ulimit -f), or choose a smaller --size";
      break;
    default:
      out.hint = "name a directory that rank 0 may write to, on the disk of your sources";
  }
  return out;
}

// SplitMix64: bytes that no file system can compress, made faster than any disk takes them.
class Random {
 public:
  std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

 private:
  std::uint64_t state_ = std::random_device{}();
};

// Before a disk is filled for minutes. Nothing if it fits, or if the file system does not say.
std::optional<Failure> lacks_room(const std::string& directory, int file, Bytes size) {
  struct statvfs there {};
  if (::fstatvfs(file, &there) != 0 || there.f_blocks == 0) return std::nullopt;
  const std::uint64_t free = std::uint64_t{there.f_bavail} * there.f_frsize;
  if (size.value <= free) return std::nullopt;
  Failure out = failure(directory, "fstatvfs", ENOSPC);
  out.detail = "the sample of " + std::to_string(size.value) + " bytes cannot be made, " +
               std::to_string(free) + " are free";
  return out;
}

}  // namespace

Result<SampleFile> SampleFile::make(const std::string& directory, Bytes size,
                                    const std::function<bool()>& stop) {
  const std::string path = disk::unique_name(directory + "/.mpiferry-tune-");
  const int number =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  // The directory is what the user knows.
  if (number < 0) return failure(directory, "open", errno);
  posix::Descriptor file{number};
  SampleFile sample{path};
  if (auto failure = lacks_room(directory, file.get(), size)) return std::move(*failure);
  Random random;
  std::vector<std::uint64_t> slice(kSliceWords);
  std::uint64_t synced = 0;
  for (std::uint64_t done = 0; done < size.value && !stop();) {
    std::ranges::generate(slice, [&random] { return random.next(); });
    const std::size_t wanted = static_cast<std::size_t>(
        std::min<std::uint64_t>(size.value - done, kSliceWords * sizeof(std::uint64_t)));
    const ssize_t written = ::write(file.get(), slice.data(), wanted);
    if (written < 0 && errno != EINTR) return failure(directory, "write", errno);
    if (written > 0) done += static_cast<std::uint64_t>(written);
    if (done - synced >= kSyncEvery) {
      if (::fdatasync(file.get()) != 0) return failure(directory, "fdatasync", errno);
      synced = done;
    }
  }
  if (!stop() && ::fdatasync(file.get()) != 0) return failure(directory, "fdatasync", errno);
  if (const int error = file.close(); error != 0) return failure(directory, "close", error);
  return sample;
}

void SampleFile::remove() noexcept {
  if (!path_.empty()) ::unlink(path_.c_str());
  path_.clear();
}

}  // namespace mpiferry::cli

#include "cli/tune/sample_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "engine/disk/free_space.hpp"
#include "engine/disk/persist.hpp"
#include "engine/disk/unique_name.hpp"
#include "engine/disk/write_at.hpp"
#include "engine/storage/file.hpp"

namespace mpiferry::cli {
namespace {

constexpr std::size_t kSliceWords = (std::size_t{4} << 20U) / sizeof(std::uint64_t);
// The last sync, during which nobody is asked, must not have all of it to write.
constexpr Bytes kSyncEvery = 64_MiB;

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
std::optional<Failure> lack_of_space(const disk::Directory& directory, Bytes size) {
  const auto space = disk::free_space_at(directory);
  if (!space) return std::nullopt;
  const bool quota_is_less =
      space->quota_left && (!space->available || *space->quota_left < *space->available);
  const auto& free = quota_is_less ? space->quota_left : space->available;
  if (!free || size <= *free) return std::nullopt;
  Failure out = quota_is_less ? failure(directory.path(), "quotactl", EDQUOT)
                              : failure(directory.path(), "fstatvfs", ENOSPC);
  out.detail =
      fmt::format("the sample of {} bytes cannot be made, {} are free", size.value, free->value);
  return out;
}

struct CallError {
  const char* call = "";
  int system_errno = 0;
};

// Until `stop` says so.
CallError fill(storage::Storage& storage, int file, Bytes size, const std::function<bool()>& stop) {
  const auto sync = [&] { return disk::persist([&] { return storage.sync_data(file); }); };
  Random random;
  std::vector<std::uint64_t> words(kSliceWords);
  const auto slice = std::as_bytes(std::span{words});
  Bytes done;
  Bytes synced;
  while (done < size && !stop()) {
    std::ranges::generate(words, [&random] { return random.next(); });
    const auto piece = slice.first(
        static_cast<std::size_t>(std::min<std::uint64_t>((size - done).value, slice.size())));
    const int error = disk::write_at(storage, file, -1, done, piece);
    if (error != 0) return {"write", error};
    done += Bytes{piece.size()};
    if (done - synced < kSyncEvery) continue;
    if (const int failed = sync(); failed != 0) return {"fdatasync", failed};
    synced = done;
  }
  return {"fdatasync", stop() ? 0 : sync()};
}

}  // namespace

Result<SampleFile> SampleFile::make(storage::Storage& storage, const std::string& path, Bytes size,
                                    const std::function<bool()>& stop) {
  auto directory = disk::Directory::open_existing(storage, path);
  if (!directory) return failure(path, "open", directory.error().system_errno);
  if (auto lack = lack_of_space(*directory, size)) return *std::move(lack);
  const std::string name = disk::unique_name(".mpiferry-tune-");
  auto file = storage::File::open(storage, directory->descriptor(), name.c_str(),
                                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  // The directory is what the user knows.
  if (!file) return failure(path, "open", errno);
  SampleFile sample{*std::move(directory), name};
  const CallError error = fill(storage, file.get(), size, stop);
  if (error.system_errno != 0) return failure(path, error.call, error.system_errno);
  if (const int failed = file.close(); failed != 0) return failure(path, "close", failed);
  return sample;
}

void SampleFile::remove() noexcept {
  if (!name_.empty()) static_cast<void>(directory_.remove(name_));
  name_.clear();
}

}  // namespace mpiferry::cli

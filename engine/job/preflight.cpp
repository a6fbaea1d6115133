#include "engine/job/preflight.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

#include <fmt/format.h>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/free_space.hpp"
#include "engine/wire/job.hpp"

namespace mpiferry::job {
namespace {

// Beside the chunks that a scatter writes: directories, stripes, sums, files that are read back,
// what Asio opens, and MPI while it connects.
constexpr std::uint64_t kOtherFiles = 32;
}  // namespace

Outcome check_open_files(storage::Storage& storage, std::uint32_t window) {
  const std::uint64_t limit = storage.limits().open_files;
  const std::uint64_t open = storage.open_files();
  const std::uint64_t more = window + kOtherFiles;
  if (limit >= open + more) return Nothing{};
  Failure failure{.code = Errc::invalid_argument,
                  .call = "open",
                  .system_errno = EMFILE,
                  .detail = fmt::format("{} files are open, {} more may be needed", open, more),
                  .hint = std::string{disk::system_hint(EMFILE)}};
  if (window > 0) {
    failure.detail += fmt::format(" for a window of {}", window);
    failure.hint += ", or choose a smaller window";
  }
  failure.detail += fmt::format(", and the limit is {}", limit);
  return failure;
}

Outcome check_file_size(storage::Storage& storage, Bytes size, const std::string& path) {
  const Bytes limit = storage.limits().file_size;
  if (size <= limit) return Nothing{};
  return Failure{.code = Errc::dest_unusable,
                 .path = path,
                 .system_errno = EFBIG,
                 .detail = fmt::format("a file of {} bytes is to be written there, and the limit "
                                       "is {}",
                                       size.value, limit.value),
                 .hint = std::string{disk::destination_hint(EFBIG)}};
}

Outcome check_build(const std::string& ours, const std::string& theirs) {
  if (ours == theirs || ours.empty() || theirs.empty()) return Nothing{};
  return Failure{.code = Errc::bad_version,
                 .detail = fmt::format("this rank runs mpiferry {}, rank 0 runs {}", ours, theirs),
                 .hint = "start the same program on all hosts"};
}

Outcome check_capacity(const disk::Directory& directory, const std::string& path, Bytes size,
                       Bytes freed) {
  const auto capacity = disk::free_space_at(directory);
  if (!capacity) return Nothing{};  // it is not for this that a job should fail
  const auto available = least_of(capacity->available, capacity->quota_left);
  if (!available || *available >= size - std::min(size, freed)) return Nothing{};
  return Failure{.code = Errc::dest_unusable,
                 .path = path,
                 .system_errno = ENOSPC,
                 .detail = missing_space(size, *available + freed),
                 .hint = kMakeRoom};
}

std::string missing_space(Bytes needed, Bytes available) {
  return fmt::format("{} bytes are to be written there, and {} are free, quotas included",
                     needed.value, available.value);
}

}  // namespace mpiferry::job

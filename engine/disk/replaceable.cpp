#include "engine/disk/replaceable.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <span>
#include <string>
#include <sys/stat.h>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/file_id.hpp"
#include "engine/disk/job_owner.hpp"
#include "engine/disk/manifest_file.hpp"
#include "engine/disk/stored_file.hpp"

namespace mpiferry::disk {
namespace {

std::string_view what_it_is(mode_t mode) noexcept {
  if (S_ISDIR(mode)) return "is a directory";
  if (S_ISLNK(mode)) return "is a symbolic link";
  if (S_ISFIFO(mode)) return "is a FIFO";
  if (S_ISSOCK(mode)) return "is a socket";
  return "is a device";
}

// Lists of sums are lines like "XXH3 (chunk_0.bin) = ..." or "XXH128 (file.bin) = ...". Zeros are
// what a power cut has left.
bool is_sums(std::string_view text) {
  if (text.empty() || text.front() == '\0') return true;
  const std::size_t open = text.find('(');
  const std::size_t close = text.find(')');
  return (text.starts_with("XXH3 (") || text.starts_with("XXH128 (")) &&
         close != std::string_view::npos &&
         file_kind(text.substr(open + 1, close - open - 1)) != FileKind::foreign;
}

// Where there are no links, a job that is killed may leave an empty one; zeros are what a power cut
// has left.
bool is_job_lock_text(std::string_view text) {
  return text.empty() || text.front() == '\0' || JobOwner::in(text).has_value();
}

// Whether mpiferry has written it. A job lock that may not be read is left to whoever asks for its
// lock.
Result<bool> is_ours(const Directory& directory, const StaleFileScan::Entry& entry) {
  if (!is_known_by_content(entry.kind)) return entry.may_be_ours();
  const auto file = StoredFile::open(directory, entry.name);
  if (!file) {
    if (file.error().system_errno == ENOENT || entry.kind == FileKind::job_lock) return true;
    return file.error();
  }
  if (entry.kind == FileKind::manifest) {
    const auto foreign = is_foreign_manifest(directory);
    return foreign ? Result<bool>{!*foreign} : foreign;
  }
  std::array<char, 512> head{};
  const auto got = file->read(0_B, std::as_writable_bytes(std::span{head}));
  if (!got) return got.error();
  const std::string_view text{head.data(), *got};
  return entry.kind == FileKind::sums ? is_sums(text) : is_job_lock_text(text);
}

}  // namespace

Outcome check_replaceable(const Directory& directory, const StaleFileScan::Entry& entry,
                          std::string_view source_id) {
  struct stat status {};
  if (directory.storage().stat_at(directory.descriptor(), entry.name, status,
                                  AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return Nothing{};
    return destination_failure(Errc::dest_unusable, directory.path_of(entry.name), "stat", errno);
  }
  Failure refused{.path = directory.path_of(entry.name),
                  .hint = "move it away, or name another destination"};
  if (!S_ISREG(status.st_mode)) {
    refused.code = Errc::dest_unusable;
    refused.detail =
        std::string{what_it_is(status.st_mode)} + ", and has a name of mpiferry's files";
    return refused;
  }
  if (has_id(status, source_id)) {
    refused.code = Errc::invalid_argument;
    refused.detail = "this job would remove or replace its source, which has a name of its files";
    refused.hint = "name another destination";
    return refused;
  }
  const auto ours = is_ours(directory, entry);
  if (!ours) return ours.error();
  if (!*ours) {
    refused.code = Errc::dest_occupied;
    refused.detail = entry.respelled
                         ? "this directory ignores case, so one of mpiferry's names leads to this "
                           "file, and mpiferry has not written it"
                         : "has a name of mpiferry's files, and mpiferry has not written it";
    return refused;
  }
  return Nothing{};
}

}  // namespace mpiferry::disk

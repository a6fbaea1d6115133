#include "engine/disk/stale_file_scan.hpp"

#include <cctype>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/disk/allocated_bytes.hpp"
#include "engine/disk/destination_failure.hpp"
#include "engine/disk/replaceable.hpp"

namespace mpiferry::disk {
namespace {

bool is_regular(const Directory& directory, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_REG;
  struct stat status {};
  return ::fstatat(directory.descriptor(), entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISREG(status.st_mode);
}

// `listed` with one letter in the other case, but not as `ours`. A late one: users differ in the
// first.
std::string third_spelling(std::string_view listed, std::string_view ours) {
  constexpr char kCase = 'a' ^ 'A';
  std::string third{listed};
  for (std::size_t i = third.size(); i-- > 0 && (third == listed || third == ours);) {
    third = listed;
    if (std::isalpha(static_cast<unsigned char>(third[i])) != 0) third[i] ^= kCase;
  }
  return third;
}

// What `listed` is to a job here, though it spells its names otherwise. A part has a job's id in
// its name and is in no other job's way.
StaleFileKind respelled_kind(const Directory& directory, std::string_view listed) {
  const std::string ours = in_our_spelling(listed);
  const StaleFileKind kind = stale_file_kind(ours);
  if (kind == StaleFileKind::none || kind == StaleFileKind::partial) return StaleFileKind::none;
  // Not by the number of what our name leads to: some FUSE give a file one for each spelling, and a
  // hard link has the same.
  return directory.exists(third_spelling(listed, ours)) ? kind : StaleFileKind::none;
}

}  // namespace

Result<std::optional<StaleFileScan::Entry>> StaleFileScan::next() {
  if (!entries_) {
    // A description of its own: the directory's position would be shared between scans.
    Descriptor descriptor{
        ::openat(directory_.descriptor(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    entries_.reset(descriptor ? ::fdopendir(descriptor.get()) : nullptr);
    if (!entries_) {
      return destination_failure(Errc::dest_unusable, directory_.path(), "opendir", errno);
    }
    descriptor.release();
  }
  errno = 0;
  const dirent* entry = ::readdir(entries_.get());
  if (entry == nullptr) {
    if (errno == 0) return std::optional<Entry>{};
    return destination_failure(Errc::dest_unusable, directory_.path(), "readdir", errno);
  }
  const StaleFileKind spelled = stale_file_kind(entry->d_name);
  StaleFileKind kind =
      spelled != StaleFileKind::none ? spelled : respelled_kind(directory_, entry->d_name);
  const bool respelled = kind != spelled;
  if (kind == StaleFileKind::job_lock &&
      ((!own_job_lock_.empty() && directory_.holds_job_lock(own_job_lock_)) ||
       !directory_.exists(kJobLockName))) {  // that job has just ended
    kind = StaleFileKind::none;
  }
  return std::optional{Entry{kind, entry->d_name,
                             kind == StaleFileKind::none || is_regular(directory_, *entry),
                             respelled}};
}

Result<bool> StaleFileSurvey::step(std::chrono::steady_clock::duration slice) {
  const auto deadline = std::chrono::steady_clock::now() + slice;
  do {
    const auto entry = scan_.next();
    if (!entry) return entry.error();
    if (!*entry) return false;
    const StaleFileScan::Entry& found = **entry;
    if (found.kind == StaleFileKind::none || found.kind == StaleFileKind::job_lock) continue;
    if (Outcome ours = check_replaceable(directory_, found, protected_source_); !ours) {
      return std::move(ours.error());
    }
    struct stat status {};
    if (::fstatat(directory_.descriptor(), found.name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        status.st_nlink > 1) {
      continue;
    }
    bytes_ += allocated_bytes(status);
    ++files_;
  } while (std::chrono::steady_clock::now() < deadline);
  return true;
}

bool StaleFileRemoval::is_to_remove(const StaleFileScan::Entry& entry) const {
  // A job lock is taken over under its lock (Directory::acquire_job_lock), or stays.
  return entry.kind != StaleFileKind::none && entry.kind != StaleFileKind::job_lock &&
         (!to_remove_ || to_remove_(entry.kind, stale_file_number(in_our_spelling(entry.name))));
}

Outcome StaleFileRemoval::remove(const char* name) {
  if (::unlinkat(directory_.descriptor(), name, 0) == 0) {
    removed_ = true;
  } else if (errno != ENOENT) {
    return destination_failure(Errc::dest_unusable, directory_.path_of(name), "unlink", errno);
  }
  return Nothing{};
}

// Whether there has to be another one.
Result<bool> StaleFileRemoval::end_pass() {
  // Some file systems skip entries when a directory is emptied while it is read, hence another
  // pass until one finds nothing; but no fight with a job that goes on writing here.
  constexpr int kMaxPasses = 8;
  const bool looked_only = std::exchange(looking_, false);
  const bool again = looked_only || (std::exchange(removed_, false) && ++passes_ < kMaxPasses);
  if (again) scan_.emplace(directory_, "");
  return again;
}

Result<bool> StaleFileRemoval::step(std::chrono::steady_clock::duration slice) {
  const auto deadline = std::chrono::steady_clock::now() + slice;
  do {
    if (!looking_ && !std::exchange(manifest_gone_, true)) {
      const StaleFileScan::Entry manifest{StaleFileKind::manifest, kManifestName.data()};
      if (is_to_remove(manifest)) {
        if (Outcome gone = remove(manifest.name); !gone) return gone.error();
      }
    }
    const auto entry = scan_->next();
    if (!entry) return entry.error();
    if (!*entry) return end_pass();
    if (!is_to_remove(**entry)) continue;
    if (!looking_ && !(*entry)->may_be_ours()) continue;
    Outcome done = looking_ ? check_replaceable(directory_, **entry, protected_source_)
                            : remove((*entry)->name);
    if (!done) return std::move(done.error());
  } while (std::chrono::steady_clock::now() < deadline);
  return true;
}

}  // namespace mpiferry::disk

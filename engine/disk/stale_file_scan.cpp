#include "engine/disk/stale_file_scan.hpp"

#include <cctype>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>

#include "engine/disk/allocated_bytes.hpp"
#include "engine/disk/destination_failure.hpp"
#include "engine/disk/job_lock_file.hpp"
#include "engine/disk/replaceable.hpp"
#include "engine/storage/storage.hpp"

namespace mpiferry::disk {
namespace {

bool is_regular(const Directory& directory, const storage::Listing::Entry& entry) {
  using Type = storage::Listing::Type;
  if (entry.type != Type::unknown) return entry.type == Type::regular;
  struct stat status {};
  return directory.storage().stat_at(directory.descriptor(), entry.name, status,
                                     AT_SYMLINK_NOFOLLOW) == 0 &&
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
FileName respelled_name(const Directory& directory, std::string_view listed) {
  const std::string ours = in_our_spelling(listed);
  const FileName name = read_file_name(ours);
  if (name.kind == FileKind::foreign || name.kind == FileKind::partial) return {};
  // Not by the number of what our name leads to: some FUSE give a file one for each spelling, and a
  // hard link has the same.
  return directory.exists(third_spelling(listed, ours)) ? name : FileName{};
}

}  // namespace

Result<std::optional<StaleFileScan::Entry>> StaleFileScan::next() {
  if (!entries_) {
    entries_ = directory_.storage().list(directory_.descriptor());
    if (!entries_) {
      return destination_failure(Errc::dest_unusable, directory_.path(), "opendir", errno);
    }
  }
  const auto entry = entries_->next();
  if (!entry) {
    if (errno == 0) return std::optional<Entry>{};
    return destination_failure(Errc::dest_unusable, directory_.path(), "readdir", errno);
  }
  FileName name = read_file_name(entry->name);
  const bool spelled = name.kind != FileKind::foreign;
  if (!spelled) name = respelled_name(directory_, entry->name);
  FileKind kind = name.kind;
  const bool respelled = !spelled && kind != FileKind::foreign;
  if (kind == FileKind::job_lock) {
    const auto own = own_job_lock_.empty()
                         ? Result<bool>{false}
                         : JobLockFile{directory_}.check(own_job_lock_, storage::File{});
    if (!own) return own.error();
    // Or that job has just ended.
    if (*own || !directory_.exists(kJobLockName)) kind = FileKind::foreign;
  }
  return std::optional{Entry{kind, entry->name,
                             kind == FileKind::foreign || is_regular(directory_, *entry), respelled,
                             name.number}};
}

Result<bool> StaleFileSurvey::step(const clock::Clock& clock, clock::Duration slice) {
  const auto deadline = clock.now() + slice;
  do {
    const auto entry = scan_.next();
    if (!entry) return entry.error();
    if (!*entry) return false;
    const StaleFileScan::Entry& found = **entry;
    if (found.kind == FileKind::foreign || found.kind == FileKind::job_lock) continue;
    if (Outcome ours = check_replaceable(directory_, found, protected_source_); !ours) {
      return std::move(ours.error());
    }
    struct stat status {};
    if (directory_.storage().stat_at(directory_.descriptor(), found.name, status,
                                     AT_SYMLINK_NOFOLLOW) != 0 ||
        status.st_nlink > 1) {
      continue;
    }
    bytes_ += allocated_bytes(status);
    ++files_;
  } while (clock.now() < deadline);
  return true;
}

bool StaleFileRemoval::is_to_remove(const StaleFileScan::Entry& entry) const {
  // A job lock is taken over under its lock (JobLockFile::acquire), or stays.
  return entry.kind != FileKind::foreign && entry.kind != FileKind::job_lock &&
         (!to_remove_ || to_remove_(entry.kind, entry.number));
}

Outcome StaleFileRemoval::remove(const char* name) {
  if (directory_.storage().unlink(directory_.descriptor(), name) == 0) {
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

Result<bool> StaleFileRemoval::step(const clock::Clock& clock, clock::Duration slice) {
  const auto deadline = clock.now() + slice;
  do {
    if (!looking_ && !std::exchange(manifest_gone_, true)) {
      const StaleFileScan::Entry manifest{FileKind::manifest, kManifestName.data()};
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
  } while (clock.now() < deadline);
  return true;
}

}  // namespace mpiferry::disk

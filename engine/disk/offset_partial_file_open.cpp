// OffsetPartialFile: the ways to begin, and who may.
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/file_id.hpp"
#include "engine/disk/offset_partial_file.hpp"

namespace mpiferry::disk {
namespace {

constexpr std::string_view kSuffix = ".part";
constexpr std::size_t kMaxName = 250;  // NAME_MAX less the suffix

// O_NONBLOCK: a FIFO that someone put there must not stop us.
constexpr int kExisting = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

// Jobs that want the same name may get in each other's way a few times; more is a fight.
constexpr int kOpenTries = 4;

int name_error(std::string_view name) noexcept {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos ||
      name.find('\0') != std::string_view::npos) {
    return EINVAL;
  }
  return name.size() > kMaxName ? ENAMETOOLONG : 0;
}

// Whether nobody else holds the file. It is ours then, or its file system has no locks.
bool lock(const Descriptor& file) noexcept {
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EINTR) return errno != EWOULDBLOCK;
  }
  return true;
}

bool leads_to(int directory, const std::string& name, const Descriptor& file) noexcept {
  struct stat named {};
  struct stat opened {};
  return ::fstatat(directory, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         ::fstat(file.get(), &opened) == 0 && is_same_file(named, opened);
}

}  // namespace

OffsetPartialFile::OffsetPartialFile(const Directory& directory, std::string_view final_name,
                                     std::string partial_name, std::uint32_t mode)
    : directory_(directory.descriptor()),
      folder_(directory.path_of("")),
      final_name_(final_name),
      partial_name_(std::move(partial_name)),
      mode_(mode) {
  if (partial_name_.empty()) partial_name_.append(final_name_).append(kSuffix);
}

Result<OffsetPartialFile> OffsetPartialFile::open(const Directory& directory,
                                                  std::string_view final_name, OpenMode open_mode,
                                                  std::string partial_name, std::uint32_t mode) {
  OffsetPartialFile part{directory, final_name, std::move(partial_name), mode};
  if (const int error = name_error(final_name); error != 0) {
    return destination_failure(Errc::dest_unusable, directory.path_of(final_name), "open", error);
  }
  Outcome begun =
      open_mode == OpenMode::create ? part.make() : part.keep(open_mode == OpenMode::resume);
  if (!begun) return std::move(begun.error());
  return part;
}

bool OffsetPartialFile::leads_here(const std::string& name) const noexcept {
  return leads_to(directory_, name, descriptor_);
}

// Whoever removes a part holds its lock, and whoever has got a lock looks whether the name still
// leads to what he locked: so nobody removes the part of a living job.
Outcome OffsetPartialFile::make() {
  for (int tries = 0; tries < kOpenTries; ++tries) {
    descriptor_ = Descriptor{::openat(directory_, partial_name_.c_str(),
                                      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                      mode_while_written(mode_))};
    raised_ = true;
    if (descriptor_) {
      if (!lock(descriptor_)) return occupied();
      if (leads_here(partial_name_)) return Nothing{};
      continue;  // removed before it was locked
    }
    if (errno != EEXIST) return failure(Errc::dest_unusable, "open", errno);
    if (Outcome removed = remove_stale(); !removed) return removed;
  }
  return occupied();
}

// Removes what has the part's name, unless it is a living job's.
Outcome OffsetPartialFile::remove_stale() const {
  struct stat status {};
  if (::fstatat(directory_, partial_name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return Nothing{};
    return failure(Errc::dest_unusable, "stat", errno);
  }
  Descriptor stale;  // locked until the name is gone
  if (S_ISREG(status.st_mode)) {
    // For writing, though nothing is written: NFS locks no others.
    for (const int access : {O_RDWR, O_RDONLY}) {
      if (!stale)
        stale = Descriptor{::openat(directory_, partial_name_.c_str(), access | kExisting)};
    }
    if (!stale && errno == ENOENT) return Nothing{};
    if (!stale) return failure(Errc::dest_unusable, "open", errno);
    if (!lock(stale)) return occupied();
    if (!leads_to(directory_, partial_name_, stale)) return Nothing{};
  }
  if (::unlinkat(directory_, partial_name_.c_str(), 0) == 0 || errno == ENOENT) return Nothing{};
  return failure(Errc::dest_unusable, "unlink", errno);
}

Outcome OffsetPartialFile::keep(bool owner) {
  for (int tries = 0; tries < kOpenTries; ++tries) {
    for (const bool published : {false, true}) {
      published_ = published;
      descriptor_ = open_existing(owner);
      if (descriptor_ || errno != ENOENT) break;
    }
    if (!descriptor_) {
      const int error = errno;
      if (error == ENOENT) published_ = false;
      if (error == ENOENT && owner) return make();
      Failure refused = failure(Errc::dest_unusable, "open", error);
      if (error == ENOENT) refused.hint = "all workers must see one directory: name a shared one";
      if (error == ELOOP) {
        refused.detail = "a symbolic link, and nothing is written through it";
        refused.hint = "remove the link, or start anew with --force";
      }
      return refused;
    }
    if (Outcome fit = check_kept(); !fit || !owner) return fit;
    if (!lock(descriptor_)) return occupied();
    if (leads_here(name())) return own();
  }
  return occupied();
}

// The file that is kept is locked, and has its name. A part has more rights than the file is to
// have, as the job had that made it.
Outcome OffsetPartialFile::own() {
  raised_ = !published_;
  return read_only_ ? make_writable() : Nothing{};
}

// Nothing of a file that is refused has changed before this.
Outcome OffsetPartialFile::make_writable() {
  struct stat status {};
  if (::fstat(descriptor_.get(), &status) != 0) {
    return failure(Errc::dest_unusable, "fstat", errno);
  }
  const mode_t found = status.st_mode & 07777U;
  if (::fchmod(descriptor_.get(), found | 0600U) != 0) {
    return failure(Errc::dest_unusable, "open", EACCES);
  }
  found_mode_ = found;
  if (published_) mode_ = found & wire::kPermissions;
  raised_ = true;
  Descriptor writable{::openat(directory_, name().c_str(), O_RDWR | kExisting)};
  if (!writable) return failure(Errc::dest_unusable, "open", errno);
  if (!is_same_file(writable.get(), descriptor_.get())) return occupied();
  // The lock belongs to the open file: the one that is closed gives it back.
  descriptor_ = std::move(writable);
  return lock(descriptor_) ? Outcome{Nothing{}} : occupied();
}

void OffsetPartialFile::give_back_mode() noexcept {
  if (!descriptor_ || !found_mode_) return;
  static_cast<void>(::fchmod(descriptor_.get(), *found_mode_) == 0);
  found_mode_.reset();
}

// A file of a source that its owner may only read is such a one, too.
Descriptor OffsetPartialFile::open_existing(bool owner) noexcept {
  const char* const path = name().c_str();
  Descriptor file{::openat(directory_, path, O_RDWR | kExisting)};
  read_only_ = !file && errno == EACCES && owner;
  if (read_only_) file = Descriptor{::openat(directory_, path, O_RDONLY | kExisting)};
  return file;
}

Outcome OffsetPartialFile::check_kept() const {
  struct stat status {};
  if (::fstat(descriptor_.get(), &status) != 0) {
    return failure(Errc::dest_unusable, "fstat", errno);
  }
  Failure refused = failure(Errc::dest_unusable, "open", 0);
  if (!S_ISREG(status.st_mode)) {
    refused.detail = "not a regular file";
    refused.hint = "move it, or name another destination";
    return refused;
  }
  if (status.st_nlink > 1) {
    refused.detail = "it has another name as well (a hard link), and would be written there, too";
    refused.hint = "remove one of the names, or start anew with --force";
    return refused;
  }
  return Nothing{};
}

Failure OffsetPartialFile::failure(Errc code, std::string_view call, int system_errno) const {
  return destination_failure(code, path(), call, system_errno);
}

Failure OffsetPartialFile::occupied() const {
  Failure held = failure(Errc::dest_occupied, "", 0);
  held.detail = "another job is writing it";
  held.hint = "wait for that job, or name another destination";
  return held;
}

}  // namespace mpiferry::disk

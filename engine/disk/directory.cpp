#include "engine/disk/directory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <utility>

#include "engine/base/hex.hpp"
#include "engine/base/path.hpp"
#include "engine/disk/destination_failure.hpp"
#include "engine/disk/file_id.hpp"
#include "engine/disk/persist.hpp"
#include "engine/disk/unique_name.hpp"
#include "engine/disk/write_at.hpp"
#include "engine/storage/file.hpp"

namespace mpiferry::disk {
namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr int kCreateFile = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

Failure unusable(std::string path, std::string_view call, int system_errno) {
  return destination_failure(Errc::dest_unusable, std::move(path), call, system_errno);
}

Failure nameless() {
  Failure failure = unusable("", "", 0);
  failure.detail = "the destination's name is empty";
  return failure;
}

std::string parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string{path.substr(0, std::max<std::size_t>(slash, 1))};
}

// Makes one directory, its parent being there.
Outcome make_directory(storage::Storage& storage, const std::string& path) {
  if (storage.make_directory(path.c_str(), 0777) == 0) return Nothing{};
  const int error = errno;
  // Whatever mkdir says, a directory that is there is fine: automounters and read-only parents do
  // not always say EEXIST.
  struct stat status {};
  if (storage.stat_at(AT_FDCWD, path.c_str(), status, 0) == 0) {
    if (S_ISDIR(status.st_mode)) return Nothing{};
    return unusable(path, "mkdir", ENOTDIR);
  }
  if (error == EEXIST && errno == ENOENT) {
    Failure dangling = unusable(path, "mkdir", EEXIST);
    dangling.detail = "a symbolic link to nothing";
    dangling.hint = "remove the link, or create what it points to";
    return dangling;
  }
  return unusable(path, "mkdir", error == EEXIST ? errno : error);
}

// "mkdir -p".
Outcome make_directories(storage::Storage& storage, const std::string& path) {
  std::size_t position = 0;
  while (position < path.size()) {
    position = path.find_first_not_of('/', position);
    if (position == std::string::npos) break;
    position = std::min(path.find('/', position), path.size());
    if (Outcome made = make_directory(storage, path.substr(0, position)); !made) return made;
  }
  return Nothing{};
}

// 0 or the errno of fsync. Some FUSE and SMB file systems cannot sync directories and say EINVAL.
int sync_directory(storage::Storage& storage, int descriptor) noexcept {
  const int error = persist([&] { return storage.sync(descriptor); });
  return error == EINVAL ? 0 : error;
}

// The part's name in `out`, which is large enough for a final name of 64 characters.
void spell_part_name(std::string_view final_name, std::uint64_t job_id, char* out) noexcept {
  *out++ = '.';
  out = std::ranges::copy(final_name, out).out;
  *out++ = '.';
  for (int shift = 60; shift >= 0; shift -= 4) *out++ = kHexDigits[(job_id >> shift) & 0xfU];
  out = std::ranges::copy(kPartialSuffix, out).out;
  *out = '\0';
}

}  // namespace

Directory::Directory(storage::Storage& storage, std::string path, storage::File descriptor) noexcept
    : storage_(&storage), path_(std::move(path)), descriptor_(std::move(descriptor)) {}

Result<Directory> Directory::open_or_create(storage::Storage& storage, const std::string& path) {
  if (path.empty()) return nameless();
  auto descriptor = storage::File::open(storage, AT_FDCWD, path.c_str(), kOpenDirectory);
  if (descriptor) return Directory{storage, path, std::move(descriptor)};
  if (Outcome made = make_directories(storage, path); !made) return std::move(made.error());
  descriptor = storage::File::open(storage, AT_FDCWD, path.c_str(), kOpenDirectory);
  if (!descriptor) return unusable(path, "open", errno);
  return Directory{storage, path, std::move(descriptor)};
}

Result<Directory> Directory::open_existing(storage::Storage& storage, const std::string& path) {
  if (path.empty()) return nameless();
  auto descriptor = storage::File::open(storage, AT_FDCWD, path.c_str(), kOpenDirectory);
  if (!descriptor) {
    const int error = errno;
    Failure failure = stored_failure(path, "open", error);
    struct stat status {};
    if (error == ENOTDIR && storage.stat_at(AT_FDCWD, path.c_str(), status, 0) == 0) {
      failure.hint = "a file has this name: name the directory that it is in";
    }
    return failure;
  }
  return Directory{storage, path, std::move(descriptor)};
}

std::string Directory::id() const {
  struct stat status {};
  if (storage_->stat(descriptor_.get(), status) != 0) return {};
  return file_id(status);
}

Outcome Directory::check_in_place() const {
  struct stat status {};
  if (storage_->stat_at(AT_FDCWD, path_.c_str(), status, 0) == 0 && file_id(status) == id())
    return Nothing{};
  Failure moved{.code = Errc::dest_unusable, .path = path_};
  moved.detail = "the directory was moved, removed or replaced while the job ran";
  moved.hint = "run the job again when nobody touches the destination";
  return moved;
}

Outcome Directory::probe_writable() const {
  const std::string name = unique_name(".mpiferry.probe-");
  auto file = storage::File::open(*storage_, descriptor_.get(), name.c_str(), kCreateFile, 0600);
  if (!file) return unusable(path_, "open", errno);
  // A byte: a full disk or quota still lets empty files be made.
  constexpr std::byte kByte{'\n'};
  int error = write_at(*storage_, file.get(), -1, 0_B, {&kByte, 1});
  const char* call = error == 0 ? nullptr : "write";
  if (const int closed = file.close(); closed != 0 && call == nullptr) {
    call = "close";
    error = closed;
  }
  if (storage_->unlink(descriptor_.get(), name.c_str()) != 0 && call == nullptr) {
    call = "unlink";
    error = errno;
  }
  if (call != nullptr) return unusable(path_, call, error);
  return Nothing{};
}

OpenedPartialFile Directory::open_partial(std::string_view final_name, std::uint64_t job_id,
                                          const PartialFileOptions& options) const noexcept {
  constexpr std::size_t kMaxName = 64;
  OpenedPartialFile opened{PartialFile{*storage_, descriptor_.get()}, {}};
  PartialFile& file = opened.file;
  if (final_name.empty() || final_name.find('/') != std::string_view::npos) {
    opened.error = {Call::open, EINVAL};
    return opened;
  }
  if (final_name.size() > kMaxName) {
    opened.error = {Call::open, ENAMETOOLONG};
    return opened;
  }
  char partial_name[PartialFile::kNameSize];
  spell_part_name(final_name, job_id, partial_name);
  file.stamp_ = options.stamp;
  // One that goes direct is opened twice, so its owner must be able to write it until it is whole.
  mode_t mode = options.mode & wire::kPermissions;
  if (options.direct) {
    mode = mode_while_written(options.mode);
    file.mode_ = options.mode;
  }
  // Two tries: what is in the way is removed once. More would be a fight with someone.
  for (int tries = 0; tries < 2 && !file.descriptor_; ++tries) {
    file.descriptor_ =
        storage::File::open(*storage_, descriptor_.get(), partial_name, kCreateFile, mode);
    if (file.descriptor_) break;
    opened.error = {Call::open, errno};
    if (errno != EEXIST) return opened;
    if (storage_->unlink(descriptor_.get(), partial_name) != 0 && errno != ENOENT) {
      opened.error = {Call::open, errno};
      return opened;
    }
  }
  if (!file.descriptor_) return opened;
  opened.error = {};
  std::ranges::copy(partial_name, file.partial_name_);
  *std::ranges::copy(final_name, file.final_name_).out = '\0';
  if (options.direct) file.go_direct();
  return opened;
}

Outcome Directory::sync() const {
  if (const int error = sync_directory(*storage_, descriptor_.get()); error != 0)
    return destination_failure(Errc::dest_write_failed, path_, "fsync", error);
  if (way_synced_) return Nothing{};
  Outcome synced = sync_way_here();
  way_synced_ = static_cast<bool>(synced);
  return synced;
}

// The directories on the path that are on this file system, whoever has made them: this job, one
// that was killed, or one without --fsync.
Outcome Directory::sync_way_here() const {
  struct stat here {};
  if (storage_->stat(descriptor_.get(), here) != 0) {
    return destination_failure(Errc::dest_write_failed, path_, "fstat", errno);
  }
  for (std::string at = path_; at != "." && at != "/";) {
    at = parent_of(at);
    const auto directory = storage::File::open(*storage_, AT_FDCWD, at.c_str(), kOpenDirectory);
    // One may be entered and not read, or be gone since this was opened: what was not made for this
    // job is no reason to fail.
    if (!directory) continue;
    struct stat status {};
    if (storage_->stat(directory.get(), status) == 0 && status.st_dev != here.st_dev) break;
    const int error = sync_directory(*storage_, directory.get());
    if (error == EIO || error == ENOSPC || error == EDQUOT) {
      return destination_failure(Errc::dest_write_failed, at, "fsync", error);
    }
  }
  return Nothing{};
}

Outcome Directory::sync_file_system() const {
  if (storage_->sync_file_system(descriptor_.get()) == 0) return Nothing{};
  return destination_failure(Errc::dest_write_failed, path_, "syncfs", errno);
}

Outcome Directory::remove(std::string_view name) const {
  if (storage_->unlink(descriptor_.get(), std::string{name}.c_str()) == 0 || errno == ENOENT) {
    return Nothing{};
  }
  return destination_failure(Errc::dest_unusable, path_of(name), "unlink", errno);
}

bool Directory::exists(std::string_view name) const noexcept {
  char text[256];  // NAME_MAX and the 0
  if (name.size() >= sizeof text) return false;
  *std::ranges::copy(name, text).out = '\0';
  struct stat status {};
  return storage_->stat_at(descriptor_.get(), text, status, AT_SYMLINK_NOFOLLOW) == 0 ||
         errno != ENOENT;
}

std::string Directory::path_of(std::string_view name) const { return path_in(path_, name); }

}  // namespace mpiferry::disk

#include "engine/disk/offset_partial_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <utility>

#include "engine/disk/allocated_bytes.hpp"
#include "engine/disk/destination_failure.hpp"
#include "engine/disk/file_id.hpp"
#include "engine/disk/file_lock.hpp"
#include "engine/disk/file_name.hpp"
#include "engine/disk/new_name.hpp"
#include "engine/disk/persist.hpp"
#include "engine/disk/read_at.hpp"
#include "engine/disk/reserve.hpp"
#include "engine/disk/write_at.hpp"
#include "engine/disk/write_sparse.hpp"

namespace mpiferry::disk {
namespace {

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

}  // namespace

OffsetPartialFile::OffsetPartialFile(const Directory& directory, std::string_view final_name,
                                     std::string partial_name, std::uint32_t mode)
    : storage_(&directory.storage()),
      directory_(directory.descriptor()),
      folder_(directory.path_of("")),
      final_name_(final_name),
      partial_name_(std::move(partial_name)),
      mode_(mode) {
  if (partial_name_.empty()) partial_name_.append(final_name_).append(kPartialSuffix);
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
  return leads_to(*storage_, directory_, name.c_str(), descriptor_.get());
}

Outcome OffsetPartialFile::lock(const storage::File& file) const {
  const int error = try_lock(*storage_, file);
  if (error == 0) return Nothing{};
  return error == EWOULDBLOCK ? occupied() : failure(Errc::dest_unusable, "flock", error);
}

// Whoever removes a part holds its lock, and whoever has got a lock looks whether the name still
// leads to what he locked: so nobody removes the part of a living job.
Outcome OffsetPartialFile::make() {
  for (int tries = 0; tries < kOpenTries; ++tries) {
    descriptor_ = storage::File::open(*storage_, directory_, partial_name_.c_str(),
                                      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                      mode_while_written(mode_));
    raised_ = true;
    if (descriptor_) {
      Outcome locked = lock(descriptor_);
      if (!locked && locked.error().code != Errc::dest_occupied && leads_here(partial_name_)) {
        static_cast<void>(storage_->unlink(directory_, partial_name_.c_str()));
      }
      if (!locked) return locked;
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
  if (storage_->stat_at(directory_, partial_name_.c_str(), status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return Nothing{};
    return failure(Errc::dest_unusable, "stat", errno);
  }
  storage::File stale;  // locked until the name is gone
  if (S_ISREG(status.st_mode)) {
    // For writing, though nothing is written: NFS locks no others.
    for (const int access : {O_RDWR, O_RDONLY}) {
      if (!stale)
        stale =
            storage::File::open(*storage_, directory_, partial_name_.c_str(), access | kExisting);
    }
    if (!stale && errno == ENOENT) return Nothing{};
    if (!stale) return failure(Errc::dest_unusable, "open", errno);
    if (Outcome locked = lock(stale); !locked) return locked;
    if (!leads_to(*storage_, directory_, partial_name_.c_str(), stale.get())) return Nothing{};
  }
  if (storage_->unlink(directory_, partial_name_.c_str()) == 0 || errno == ENOENT) return Nothing{};
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
        refused.hint = "remove the link, or start over with `force`";
      }
      return refused;
    }
    if (Outcome fit = check_kept(); !fit || !owner) return fit;
    if (Outcome locked = lock(descriptor_); !locked) return locked;
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
  if (storage_->stat(descriptor_.get(), status) != 0) {
    return failure(Errc::dest_unusable, "fstat", errno);
  }
  const mode_t found = status.st_mode & 07777U;
  if (storage_->set_mode(descriptor_.get(), found | 0600U) != 0) {
    return failure(Errc::dest_unusable, "open", EACCES);
  }
  found_mode_ = found;
  if (published_) mode_ = found & wire::kPermissions;
  raised_ = true;
  auto writable = storage::File::open(*storage_, directory_, name().c_str(), O_RDWR | kExisting);
  if (!writable) return failure(Errc::dest_unusable, "open", errno);
  if (!is_same_file(*storage_, writable.get(), descriptor_.get())) return occupied();
  // The lock belongs to the open file: the one that is closed gives it back.
  descriptor_ = std::move(writable);
  return lock(descriptor_);
}

void OffsetPartialFile::give_back_mode() noexcept {
  if (!descriptor_ || !found_mode_) return;
  static_cast<void>(storage_->set_mode(descriptor_.get(), *found_mode_) == 0);
  found_mode_.reset();
}

// A file of a source that its owner may only read is such a one, too.
storage::File OffsetPartialFile::open_existing(bool owner) noexcept {
  const char* const path = name().c_str();
  auto file = storage::File::open(*storage_, directory_, path, O_RDWR | kExisting);
  read_only_ = !file && errno == EACCES && owner;
  if (read_only_) file = storage::File::open(*storage_, directory_, path, O_RDONLY | kExisting);
  return file;
}

Outcome OffsetPartialFile::check_kept() const {
  struct stat status {};
  if (storage_->stat(descriptor_.get(), status) != 0) {
    return failure(Errc::dest_unusable, "fstat", errno);
  }
  Failure refused = failure(Errc::dest_unusable, "open", 0);
  if (!S_ISREG(status.st_mode)) {
    refused.detail = "not a regular file";
    refused.hint = "move it, or name another destination";
    return refused;
  }
  if (status.st_nlink > 1) {
    refused.detail =
        "it has another name, too (a hard link), and what is written here would appear there";
    refused.hint = "remove one of the names, or start over with `force`";
    return refused;
  }
  return Nothing{};
}

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
    const int error =
        rename_open(*storage_, directory_, final_name_.c_str(), partial_name_.c_str());
    if (error != 0) return error;
  } else if (!leads_here(partial_name_)) {  // else another rank was quicker
    return ENOENT;
  }
  published_ = false;
  return 0;
}

Outcome OffsetPartialFile::preallocate(Bytes size) {
  const ReserveError error = reserve(*storage_, descriptor_.get(), size, published_);
  if (!error) return Nothing{};
  Failure failed = failure(Errc::dest_write_failed, error.call, error.system_errno);
  if (error.system_errno == EFBIG) {
    failed.hint = "raise the file size limit (ulimit -f), or name a file system for larger files";
  }
  return failed;
}

Bytes OffsetPartialFile::allocated() const noexcept {
  struct stat status {};
  return storage_->stat(descriptor_.get(), status) == 0 ? allocated_bytes(status) : 0_B;
}

void OffsetPartialFile::go_direct() noexcept {
  if (direct_) return;
  auto direct = storage::File::open(*storage_, directory_, name().c_str(),
                                    O_WRONLY | O_DIRECT | O_NOFOLLOW | O_CLOEXEC);
  if (direct && is_same_file(*storage_, direct.get(), descriptor_.get()))
    direct_ = std::move(direct);
}

WriteError OffsetPartialFile::write(Bytes offset, std::span<const std::byte> bytes) const noexcept {
  const int error = write_at(*storage_, descriptor_.get(), direct_.get(), offset, bytes);
  return error == 0 ? WriteError{} : WriteError{Call::write, error};
}

// Pages of zeros are not written: they become a hole, or stay one.
WriteError OffsetPartialFile::write_sparse(Bytes offset, std::span<const std::byte> bytes,
                                           bool over) const noexcept {
  const int error =
      disk::write_sparse(*storage_, descriptor_.get(), direct_.get(), offset, bytes, over);
  return error == 0 ? WriteError{} : WriteError{Call::write, error};
}

Outcome OffsetPartialFile::extend(Bytes size) {
  const Result<Bytes> now = this->size();
  if (!now) return now.error();
  if (*now >= size) return Nothing{};
  const auto length = static_cast<off_t>(size.value);
  const int error = persist([&] { return storage_->truncate(descriptor_.get(), length); });
  return error == 0 ? Outcome{Nothing{}} : failure(Errc::dest_write_failed, "ftruncate", error);
}

Result<std::size_t> OffsetPartialFile::read(Bytes offset, std::span<std::byte> out) const {
  const ReadAt read = read_at(*storage_, descriptor_.get(), offset, out);
  if (read.system_errno != 0) return failure(Errc::dest_unusable, "pread", read.system_errno);
  return read.bytes;
}

Result<Bytes> OffsetPartialFile::size() const {
  struct stat status {};
  if (storage_->stat(descriptor_.get(), status) != 0) {
    return failure(Errc::dest_unusable, "fstat", errno);
  }
  return Bytes{static_cast<std::uint64_t>(status.st_size)};
}

void OffsetPartialFile::start_sync(Bytes offset, Bytes length) const noexcept {
  storage_->start_sync(descriptor_.get(), static_cast<off_t>(offset.value),
                       static_cast<off_t>(length.value));
}

WriteError OffsetPartialFile::sync() const noexcept {
  const int error = persist([this] { return storage_->sync_data(descriptor_.get()); });
  return error == 0 ? WriteError{} : WriteError{Call::sync, error};
}

WriteError OffsetPartialFile::publish(Bytes size, bool durable, bool replace,
                                      const FileStamp& stamp) noexcept {
  struct stat status {};
  if (storage_->stat(descriptor_.get(), status) != 0) return {Call::stat, errno};
  if (static_cast<std::uint64_t>(status.st_size) != size.value) {
    if (const int error = take_name_back(); error != 0) return {Call::rename, error};
    const auto length = static_cast<off_t>(size.value);
    const int error = persist([&] { return storage_->truncate(descriptor_.get(), length); });
    if (error != 0) return {Call::truncate, error};
  }
  int stamped = raised_ ? take_back_mode(*storage_, descriptor_.get(), mode_) : 0;
  if (stamped == 0) stamped = stamp.put_on(*storage_, descriptor_.get());
  if (stamped != 0) return {Call::attributes, stamped};
  found_mode_.reset();
  if (durable) {
    const int error = persist([this] { return storage_->sync(descriptor_.get()); });
    if (error != 0) return {Call::sync, error};
  }
  const bool ours = leads_here(name());
  // A duplicate holds the lock until the rename is done: without one somebody may take the part for
  // a dead job's in that moment.
  storage::File lock{*storage_, storage_->duplicate(descriptor_.get())};
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
    error = rename_new(*storage_, directory_, part, final);
  } else if (storage_->rename(directory_, part, final, 0) != 0) {
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
    storage_->unlink(directory_, partial_name_.c_str());  // while it is locked
  }
  give_back_mode();
  close();
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

// The part of RankStorage that handles bytes and attributes of open files.
#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <linux/magic.h>
#include <string>
#include <sys/statvfs.h>
#include <utility>
#include <vector>

#include "tests/simulation/disk/rank_storage.hpp"

namespace mpiferry::simulation {
namespace {

// The names that were there when it was made; of a directory that was removed, not even dots.
class Snapshot final : public storage::Listing {
 public:
  explicit Snapshot(const Inode& directory) {
    if (directory.links > 0) names_ = {{".", Type::other}, {"..", Type::other}};
    names_.reserve(names_.size() + directory.names.size());
    for (const auto& [name, inode] : directory.names) {
      names_.emplace_back(name, inode->is_regular() ? Type::regular : Type::other);
    }
  }
  std::optional<Entry> next() override {
    errno = 0;
    if (next_ == names_.size()) return std::nullopt;
    const auto& [name, type] = names_[next_++];
    return Entry{name.c_str(), type};
  }

 private:
  std::vector<std::pair<std::string, Type>> names_;
  std::size_t next_ = 0;
};

}  // namespace

ssize_t RankStorage::read(int file, std::span<std::byte> out) noexcept {
  OpenFile* const open = find(file);
  if (open == nullptr) return -1;
  if (const int error = fault(Error::none, true); error != 0) return done(-error);
  return done(open->read(out.first(dice_.part(out.size()))));
}

ssize_t RankStorage::read_at(int file, std::span<std::byte> out, off_t offset) noexcept {
  if (slowest_read > Duration{}) spent_ += disk_.world_.duration({}, slowest_read);
  const OpenFile* const open = find(file);
  if (open == nullptr) return -1;
  if (const int error = fault(Error::io, true); error != 0) return done(-error);
  return done(open->read_at(out.first(dice_.part(out.size())), offset));
}

ssize_t RankStorage::write(int file, std::span<const std::byte> bytes) noexcept {
  OpenFile* const open = find(file);
  if (open == nullptr) return -1;
  if (const int error = fault(Error::io_or_space, true); error != 0) return done(-error);
  return done(open->write(bytes.first(dice_.part(bytes.size()))));
}

ssize_t RankStorage::write_at(int file, std::span<const std::byte> bytes, off_t offset) noexcept {
  OpenFile* const open = find(file);
  if (open == nullptr) return -1;
  if (const int error = fault(Error::io_or_space, true); error != 0) return done(-error);
  return done(open->write_at(bytes.first(dice_.part(bytes.size())), offset));
}

off_t RankStorage::seek(int file, off_t offset, int whence) noexcept {
  OpenFile* const open = find(file);
  return open == nullptr ? -1 : done(open->seek(offset, whence));
}

int RankStorage::truncate(int file, off_t size) noexcept {
  OpenFile* const open = find(file);
  if (open == nullptr) return -1;
  if (const int error = fault(Error::none, true); error != 0) return done(-error);
  return done(open->truncate(size));
}

int RankStorage::allocate(int file, int mode, off_t offset, off_t length) noexcept {
  OpenFile* const open = find(file);
  if (open == nullptr) return -1;
  if (const int error = fault(Error::io_or_space, true); error != 0) return done(-error);
  return done(open->allocate(mode, offset, length));
}

int RankStorage::sync(int file) noexcept { return sync(file, true); }

int RankStorage::sync_data(int file) noexcept { return sync(file, false); }

int RankStorage::sync(int file, bool attributes) noexcept {
  OpenFile* const open = find(file);
  if (open == nullptr) return -1;
  if (const int error = fault(Error::io, true); error != 0) return done(-error);
  return done(open->sync(attributes));
}

int RankStorage::sync_file_system(int file) noexcept {
  if (find(file) == nullptr) return -1;
  if (const int error = fault(Error::io, false); error != 0) return done(-error);
  disk_.tree_.sync_all();
  return 0;
}

int RankStorage::lock(int file, int operation) noexcept {
  OpenFile* const open = find(file);
  if (open == nullptr) return -1;
  if (const int error = fault(Error::none, true); error != 0) return done(-error);
  return done(open->lock(operation));
}

std::unique_ptr<storage::Listing> RankStorage::list(int directory) {
  const Place place = look_up(directory, ".");
  if (place.error == 0) return std::make_unique<Snapshot>(*place.found);
  errno = place.error;
  return nullptr;
}

int RankStorage::stat_at(int directory, const char* path, struct stat& out,
                         int /*flags*/) noexcept {
  const Place place = look_up(directory, path);
  if (place.error != 0) return done(-place.error);
  return place.found == nullptr ? done(-ENOENT) : fill(*place.found, out);
}

int RankStorage::stat(int file, struct stat& out) noexcept {
  const OpenFile* const open = find(file);
  return open == nullptr ? -1 : fill(*open->inode(), out);
}

int RankStorage::fill(const Inode& inode, struct stat& out) const noexcept {
  constexpr std::size_t kBlock = 512;  // of st_blocks
  out = {};
  out.st_dev = disk_.device_;
  out.st_ino = inode.number;
  out.st_mode = inode.attributes.mode;
  out.st_nlink = inode.links;
  out.st_uid = inode.attributes.user;
  out.st_gid = inode.attributes.group;
  out.st_size = static_cast<off_t>(inode.is_directory() ? kPageSize : inode.size);
  out.st_blksize = kPageSize;
  out.st_blocks = static_cast<blkcnt_t>(inode.contents.pages().size() * (kPageSize / kBlock));
  out.st_atim = out.st_mtim = out.st_ctim = inode.attributes.modified;
  return 0;
}

std::optional<std::string> RankStorage::real_path(const char* path) {
  const Place place = look_up(AT_FDCWD, path);
  if (place.error == 0 && place.found != nullptr) return disk_.tree_.path_of(place);
  errno = place.error == 0 ? ENOENT : place.error;
  return std::nullopt;
}

std::uint64_t RankStorage::file_system_type(int file) noexcept {
  return find(file) == nullptr ? 0 : EXT4_SUPER_MAGIC;
}

// No count of inodes, as where they are made when they are needed.
int RankStorage::space(int file, struct statvfs& out) noexcept {
  if (find(file) == nullptr) return -1;
  const Space& space = disk_.tree_.space();
  out = {};
  out.f_bsize = out.f_frsize = kPageSize;
  out.f_blocks = space.total();
  out.f_bfree = out.f_bavail = space.free();
  out.f_fsid = disk_.device_;
  out.f_namemax = NAME_MAX;
  return 0;
}

int RankStorage::set_owner(int file, uid_t user, gid_t group) noexcept {
  const OpenFile* const open = find(file);
  return open == nullptr ? -1 : done(disk_.tree_.set_owner(*open->inode(), user, group));
}

int RankStorage::set_mode(int file, mode_t mode) noexcept {
  const OpenFile* const open = find(file);
  if (open == nullptr) return -1;
  mode_t& its = open->inode()->attributes.mode;
  its = (its & S_IFMT) | (mode & 07777);
  return 0;
}

int RankStorage::set_modified(int file, timespec time) noexcept {
  const OpenFile* const open = find(file);
  if (open == nullptr) return -1;
  if (time.tv_nsec < 0 || time.tv_nsec >= 1'000'000'000) return done(-EINVAL);
  open->inode()->attributes.modified = time;
  return 0;
}

ssize_t RankStorage::attribute(const char* path, const char* /*name*/,
                               std::span<std::byte> /*out*/) noexcept {
  const Place place = look_up(AT_FDCWD, path);
  return done(place.error != 0 ? -place.error : place.found == nullptr ? -ENOENT : -EOPNOTSUPP);
}

int RankStorage::set_attribute(int file, const char* /*name*/,
                               std::span<const std::byte> /*value*/) noexcept {
  return find(file) == nullptr ? -1 : done(-EOPNOTSUPP);
}

int RankStorage::remove_attribute(int file, const char* /*name*/) noexcept {
  return find(file) == nullptr ? -1 : done(-EOPNOTSUPP);
}

}  // namespace mpiferry::simulation

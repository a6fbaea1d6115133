#include "tests/simulation/disk/file_tree.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <fcntl.h>
#include <utility>

namespace mpiferry::simulation {
namespace {

constexpr mode_t kUmask = 022;
constexpr mode_t kRead = 4;
constexpr mode_t kWrite = 2;
constexpr mode_t kEnter = 1;

std::shared_ptr<Inode> child(Inode& directory, std::string_view name) {
  if (name == ".") return directory.shared_from_this();
  if (name == "..") return directory.parent->shared_from_this();
  const auto found = directory.names.find(name);
  return found == directory.names.end() ? nullptr : found->second;
}

bool is_within(const Inode& directory, const Inode& other) {
  for (const Inode* above = &directory;; above = above->parent) {
    if (above == &other) return true;
    if (above->parent == above) return false;
  }
}

}  // namespace

FileTree::FileTree(World& world, const DiskOptions& options)
    : world_(world),
      user_(options.user),
      group_(options.group),
      space_(options.capacity),
      root_(make(S_IFDIR | 0755)) {
  root_->parent = root_.get();
  root_->links = 2;
}

timespec FileTree::tick() {
  constexpr std::chrono::seconds kStart{1'700'000'000};
  last_tick_ = std::max(last_tick_ + std::chrono::nanoseconds{1},
                        kStart + std::chrono::nanoseconds{world_.now().time_since_epoch()});
  const auto seconds = std::chrono::floor<std::chrono::seconds>(last_tick_);
  return {.tv_sec = seconds.count(), .tv_nsec = (last_tick_ - seconds).count()};
}

bool FileTree::may(const Inode& inode, mode_t rights) const noexcept {
  const Attributes& its = inode.attributes;
  const unsigned shift = its.user == user_ ? 6 : its.group == group_ ? 3 : 0;
  return user_ == 0 || (its.mode >> shift & rights) == rights;
}

Place FileTree::look_up(const std::shared_ptr<Inode>& start, std::string_view path) const {
  if (path.empty()) return {.error = ENOENT};
  if (path.size() >= PATH_MAX) return {.error = ENAMETOOLONG};
  Place place{.dots = true, .found = path.front() == '/' ? root_ : start};
  for (;;) {
    const std::size_t slashes = std::min(path.find_first_not_of('/'), path.size());
    place.slash = slashes > 0;
    path.remove_prefix(slashes);
    if (path.empty()) break;
    if (place.found == nullptr) return {.error = ENOENT};
    if (!place.found->is_directory()) return {.error = ENOTDIR};
    if (!may(*place.found, kEnter)) return {.error = EACCES};
    place.name = path.substr(0, path.find('/'));
    if (place.name.size() > NAME_MAX) return {.error = ENAMETOOLONG};
    path.remove_prefix(place.name.size());
    place.dots = place.name == "." || place.name == "..";
    place.directory = std::move(place.found);
    place.found = child(*place.directory, place.name);
  }
  if (place.slash && place.found != nullptr && !place.found->is_directory()) {
    place.error = ENOTDIR;
  }
  return place;
}

std::string FileTree::path_of(const Place& place) const {
  if (!place.found->is_directory()) return path_of(*place.directory).append(place.name);
  std::string path = path_of(*place.found);
  if (path.size() > 1) path.pop_back();
  return path;
}

// The path ends with a slash.
std::string FileTree::path_of(const Inode& directory) const {
  if (&directory == root_.get()) return "/";
  const auto named = std::ranges::find(directory.parent->names, &directory, [](const auto& entry) {
    return std::as_const(entry.second).get();
  });
  return path_of(*directory.parent).append(named->first).append("/");
}

// Whether a name may be made, or go, there.
int FileTree::check_new(const Place& place) const {
  if (place.directory->links == 0) return -ENOENT;
  return may(*place.directory, kWrite | kEnter) ? 0 : -EACCES;
}

int FileTree::open(Place& place, int flags, mode_t mode) {
  const bool create = (flags & O_CREAT) != 0;
  if (create && (flags & O_DIRECTORY) != 0) return -EINVAL;
  if (create && place.slash && !place.dots && place.directory != nullptr) return -EISDIR;
  if (place.error != 0) return -place.error;
  if (place.found != nullptr) return open_existing(place, flags);
  if (!create) return -ENOENT;
  if (const int error = check_new(place); error != 0) return error;
  place.found = make(S_IFREG | (mode & 07777 & ~kUmask));
  add(*place.directory, place.name, place.found);
  return 0;
}

int FileTree::open_existing(const Place& place, int flags) {
  Inode& inode = *place.found;
  const bool directory = inode.is_directory();
  const int access = flags & O_ACCMODE;
  const bool writes = access != O_RDONLY || (flags & O_TRUNC) != 0;
  if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) return -EEXIST;
  if (directory && ((flags & O_CREAT) != 0 || writes)) return -EISDIR;
  if (!directory && (flags & O_DIRECTORY) != 0) return -ENOTDIR;
  const mode_t rights = (access != O_WRONLY ? kRead : 0) | (writes ? kWrite : 0);
  if (!may(inode, rights)) return -EACCES;
  if (inode.is_fifo() && access != O_RDONLY) return -ENXIO;  // nobody but a job reads it
  if (inode.is_regular() && (flags & O_TRUNC) != 0) resize(inode, 0);
  return 0;
}

int FileTree::make_directory(const Place& place, mode_t mode) {
  if (place.found != nullptr) return -EEXIST;
  if (place.error != 0) return -place.error;
  if (const int error = check_new(place); error != 0) return error;
  add(*place.directory, place.name, make(S_IFDIR | (mode & 01777 & ~kUmask)));
  return 0;
}

int FileTree::link(const Place& from, const Place& to) {
  if (from.error != 0) return -from.error;
  if (from.found == nullptr) return -ENOENT;
  if (to.found != nullptr) return -EEXIST;
  if (to.error != 0) return -to.error;
  if (to.slash) return -ENOENT;
  if (const int error = check_new(to); error != 0) return error;
  if (from.found->is_directory()) return -EPERM;
  add(*to.directory, to.name, from.found);
  return 0;
}

int FileTree::unlink(const Place& place) {
  if (place.dots) return -EISDIR;
  if (place.error != 0) return -place.error;
  if (place.found == nullptr) return -ENOENT;
  if (const int error = check_new(place); error != 0) return error;
  if (place.found->is_directory()) return -EISDIR;
  remove(*place.directory, place.name);
  return 0;
}

int FileTree::rename(const Place& from, const Place& to, unsigned flags) {
  if (const int error = check_renamed(from, to, flags); error != 0) return error;
  if (from.found == to.found) return 0;
  if (to.found != nullptr) remove(*to.directory, to.name);
  auto entry = from.directory->names.extract(from.directory->names.find(from.name));
  entry.key() = to.name;
  to.directory->names.insert(std::move(entry));
  from.directory->attributes.modified = to.directory->attributes.modified = tick();
  return 0;
}

int FileTree::check_renamed(const Place& from, const Place& to, unsigned flags) const {
  const bool only_new = flags == RENAME_NOREPLACE;
  if (flags != 0 && !only_new) return -EINVAL;
  for (const Place* place : {&from, &to}) {
    if (place->directory == nullptr && !place->dots) return -place->error;
  }
  if (from.dots) return -EBUSY;
  if (to.dots) return only_new ? -EEXIST : -EBUSY;
  if (from.found == nullptr) return -ENOENT;
  if (only_new && to.found != nullptr) return -EEXIST;
  const bool directory = from.found->is_directory();
  if (!directory && (from.slash || to.slash)) return -ENOTDIR;
  if (directory && from.directory != to.directory) return -EXDEV;
  if (to.found != nullptr && is_within(*from.directory, *to.found)) return -ENOTEMPTY;
  if (from.found == to.found) return 0;
  for (const Place* place : {&from, &to}) {
    if (const int error = check_new(*place); error != 0) return error;
  }
  if (to.found == nullptr) return 0;
  if (directory && !to.found->is_directory()) return -ENOTDIR;
  if (!directory && to.found->is_directory()) return -EISDIR;
  return to.found->names.empty() ? 0 : -ENOTEMPTY;
}

// -1 leaves one as it is. Only root may give files away; the new owner's rights are no longer lent.
int FileTree::set_owner(Inode& inode, uid_t user, gid_t group) const {
  Attributes& its = inode.attributes;
  if (user == static_cast<uid_t>(-1)) user = its.user;
  if (group == static_cast<gid_t>(-1)) group = its.group;
  const bool allowed = user == its.user && (group == its.group || group == group_);
  if (user_ != 0 && !allowed) return -EPERM;
  its.user = user;
  its.group = group;
  const mode_t lent = (its.mode & S_IXGRP) != 0 ? S_ISUID | S_ISGID : S_ISUID;
  if (!inode.is_directory()) its.mode &= ~lent;
  return 0;
}

std::shared_ptr<Inode> FileTree::make(mode_t mode) {
  return std::make_shared<Inode>(
      numbers_, space_,
      Attributes{.mode = mode, .user = user_, .group = group_, .modified = tick()});
}

void FileTree::add(Inode& directory, std::string_view name, const std::shared_ptr<Inode>& inode) {
  directory.names.emplace(name, inode);
  directory.attributes.modified = tick();
  ++inode->links;
  if (!inode->is_directory()) return;
  inode->parent = &directory;
  inode->links = 2;
  ++directory.links;
}

void FileTree::remove(Inode& directory, std::string_view name) {
  const auto found = directory.names.find(name);
  const std::shared_ptr<Inode> inode = std::move(found->second);
  directory.names.erase(found);
  directory.attributes.modified = tick();
  --inode->links;
  if (inode->is_directory()) {
    while (!inode->names.empty()) remove(*inode, inode->names.begin()->first);
    inode->links = 0;
    --directory.links;
  }
  release(*inode);
}

void FileTree::resize(Inode& file, std::uint64_t size) {
  // What is reserved behind a file that grows stays.
  if (size <= file.size) file.contents.cut(size);
  file.size = size;
  file.attributes.modified = tick();
}

void FileTree::release(Inode& inode) {
  if (inode.links == 0 && inode.open_files == 0) inode.contents.cut(0);
}

}  // namespace mpiferry::simulation

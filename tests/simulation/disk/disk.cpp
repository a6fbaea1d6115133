#include "tests/simulation/disk/disk.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace mpiferry::simulation {
namespace {

void collect(const Inode& inode, std::string path, std::vector<std::string>& files) {
  if (!path.ends_with('/')) path += '/';
  for (const auto& [name, below] : inode.names) {
    if (below->is_regular()) files.push_back(path + name);
    collect(*below, path + name, files);
  }
}

}  // namespace

// What has the path is of that kind, or is made; and keeps its name.
std::shared_ptr<Inode> Disk::name(std::string_view path, mode_t mode) {
  const Place place = tree_.look_up(tree_.root(), path);
  auto inode = place.found;
  const bool fits = inode == nullptr || (inode->attributes.mode & S_IFMT) == (mode & S_IFMT);
  if (place.error != 0 || !fits) {
    throw std::runtime_error("cannot be made on a simulated disk: " + std::string{path});
  }
  if (inode == nullptr) {
    inode = tree_.make(mode);
    tree_.add(*place.directory, place.name, inode);
  }
  if (!place.dots) place.directory->durable.names.insert_or_assign(std::string{place.name}, inode);
  return inode;
}

void Disk::make_directories(std::string_view path) {
  for (std::size_t slash = 0; slash != std::string_view::npos;) {
    slash = path.find('/', slash + 1);
    name(path.substr(0, slash), S_IFDIR | 0755);
  }
}

void Disk::write_file(std::string_view path, std::string_view bytes) {
  const std::size_t slash = path.rfind('/');
  if (slash != std::string_view::npos && slash > 0) make_directories(path.substr(0, slash));
  const auto file = name(path, S_IFREG | 0644);
  tree_.resize(*file, 0);
  if (file->contents.write(0, std::as_bytes(std::span{bytes})) < bytes.size()) {
    throw std::runtime_error("a simulated disk is full");
  }
  tree_.resize(*file, bytes.size());
  FileTree::sync(*file, true);
}

void Disk::make_fifo(std::string_view path, std::string content, const FifoWriter& writer) {
  name(path, S_IFIFO | 0644)->pipe = std::make_shared<Pipe>(world_, std::move(content), writer);
}

std::optional<std::string> Disk::read_file(std::string_view path) const {
  const Place place = tree_.look_up(tree_.root(), path);
  if (place.error != 0 || place.found == nullptr || !place.found->is_regular()) return std::nullopt;
  std::string bytes(place.found->size, '\0');
  place.found->contents.read(0, std::as_writable_bytes(std::span{bytes}));
  return bytes;
}

bool Disk::holds(std::string_view path, std::uint64_t offset, std::string_view bytes,
                 bool durable) const {
  const std::span<const std::byte> wanted = std::as_bytes(std::span{bytes});
  if (durable) {
    const Inode* const file = tree_.durable_at(path);
    return file != nullptr && offset + bytes.size() <= file->durable.size &&
           Contents::match(file->durable.pages, offset, wanted);
  }
  const Place place = tree_.look_up(tree_.root(), path);
  if (place.error != 0 || place.found == nullptr || !place.found->is_regular()) return false;
  return offset + bytes.size() <= place.found->size &&
         Contents::match(place.found->contents.pages(), offset, wanted);
}

bool Disk::exists(std::string_view path) const {
  const Place place = tree_.look_up(tree_.root(), path);
  return place.error == 0 && place.found != nullptr;
}

bool Disk::remove(std::string_view path) {
  const Place place = tree_.look_up(tree_.root(), path);
  if (place.error != 0 || place.found == nullptr || place.dots) return false;
  tree_.remove(*place.directory, place.name);
  const auto durable = place.directory->durable.names.find(place.name);
  if (durable != place.directory->durable.names.end()) {
    place.directory->durable.names.erase(durable);
  }
  return true;
}

std::vector<std::string> Disk::names_below(std::string_view path) const {
  std::vector<std::string> files;
  const Place place = tree_.look_up(tree_.root(), path);
  if (place.error == 0 && place.found != nullptr) collect(*place.found, std::string{path}, files);
  return files;
}

bool Disk::alive(const storage::ProcessId& process) const {
  return std::ranges::count(processes_, process) > 0;
}

}  // namespace mpiferry::simulation

// FileTree: what is durable.
#include <algorithm>

#include "tests/simulation/disk/file_tree.hpp"

namespace mpiferry::simulation {
namespace {

void forget_links(Inode& directory) {
  for (const auto& [name, inode] : directory.names) {
    inode->links = 0;
    forget_links(*inode);
  }
}

}  // namespace

void FileTree::sync(Inode& inode, bool attributes) {
  inode.durable.size = inode.size;
  inode.durable.pages = inode.contents.pages();
  inode.durable.names = inode.names;
  if (attributes) inode.durable.attributes = inode.attributes;
}

void FileTree::sync_all(Inode& inode) {
  sync(inode, true);
  for (const auto& [name, below] : inode.names) sync_all(*below);
}

void FileTree::cut_power() {
  forget_links(*root_);
  root_->links = 2;
  revert(*root_);
}

bool FileTree::name_is_durable(const Place& place) const {
  const Inode* directory = place.directory.get();
  const auto keeps = [](const Inode& parent, const Inode& child) {
    return std::ranges::any_of(parent.durable.names,
                               [&](const auto& entry) { return entry.second.get() == &child; });
  };
  const auto found = directory->durable.names.find(place.name);
  if (found == directory->durable.names.end() || found->second != place.found) return false;
  for (; directory != root_.get(); directory = directory->parent) {
    if (!keeps(*directory->parent, *directory)) return false;
  }
  return true;
}

void FileTree::revert(Inode& inode) {
  inode.attributes = inode.durable.attributes;
  inode.size = inode.durable.size;
  inode.contents.restore(inode.durable.pages);
  inode.names = inode.durable.names;
  for (const auto& [name, below] : inode.names) {
    ++below->links;
    if (below->is_directory()) {
      below->links = 2;
      ++inode.links;
    }
    revert(*below);
  }
}

}  // namespace mpiferry::simulation

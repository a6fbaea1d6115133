// The part of FileTree that knows what is durable.

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

const Inode* FileTree::durable_at(std::string_view path) const {
  const Inode* at = root_.get();
  while (at != nullptr && !path.empty()) {
    path.remove_prefix(1);  // a slash
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(name.size());
    const auto found = at->durable.names.find(name);
    at = found == at->durable.names.end() ? nullptr : found->second.get();
  }
  return at;
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

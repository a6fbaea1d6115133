#include "tests/sim/committer.hpp"

#include <algorithm>
#include <utility>

namespace mpiferry::sim {

void Committer::give(Disk::Part part, std::span<const std::byte> payload, std::uint64_t name,
                     Done done) {
  to_write_.push_back(
      {.part = std::move(part), .payload = payload, .name = name, .done = std::move(done)});
  if (!writing_) write_next();
}

void Committer::write_next() {
  writing_ = !to_write_.empty();
  if (!writing_) return;
  const auto write = [this] {
    Commit commit = std::move(to_write_.front());
    to_write_.pop_front();
    commit.error = disk_.append(*commit.part, commit.payload);
    written_.push_back(std::move(commit));
    if (group_.empty()) sync_group();
    write_next();
  };
  setting_.world.after(disk_.delay(), self_, write, On::elsewhere);
}

void Committer::sync_group() {
  group_ = std::exchange(written_, {});
  if (group_.empty()) return;
  const auto publish = [this] { publish_group(); };
  setting_.world.after(disk_.delay(), self_, publish, On::elsewhere);
}

void Committer::publish_group() {
  bool published = false;
  for (Commit& commit : group_) {
    if (!commit.error) commit.error = disk_.sync(*commit.part);
  }
  for (Commit& commit : group_) {
    if (!commit.error) commit.error = disk_.rename(commit.part, commit.name);
    published = published || !commit.error;
  }
  // An answer may be given only after this one.
  const auto finish = [this, published] {
    const DiskError synced = published ? disk_.sync_names() : DiskError{};
    for (Commit& commit : group_) {
      if (synced && !commit.error) commit.error = synced;
      setting_.world.after(Duration::zero(), self_,
                           [done = std::move(commit.done), error = commit.error] { done(error); });
    }
    group_.clear();
    sync_group();
  };
  setting_.world.after(disk_.delay(), self_, finish, On::elsewhere);
}

}  // namespace mpiferry::sim

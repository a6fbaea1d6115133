#include "engine/roles/committer.hpp"

namespace mpiferry::roles {

Committer::Committer(boost::asio::io_context& io, const disk::Directory& directory,
                     std::size_t window)
    : io_(io), directory_(directory), changed_(io) {
  waiting_.reserve(window);
  group_.reserve(window);
}

void Committer::give(Commit& commit) {
  waiting_.push_back(&commit);
  if (group_.empty()) start();
}

void Committer::start() {
  group_.swap(waiting_);
  boost::asio::post(thread_, [this] { work(); });
}

// On the thread.
void Committer::work() {
  bool published = false;
  for (Commit* commit : group_) {
    commit->error = commit->part.append(commit->payload);
    if (!commit->error) commit->part.start_sync();  // all of them before the first is waited for
  }
  for (Commit* commit : group_) {
    if (!commit->error) commit->error = commit->part.sync();
  }
  for (Commit* commit : group_) {
    if (!commit->error) commit->error = commit->part.publish(false);
    published = published || !commit->error;
  }
  if (published) {
    const Outcome synced = directory_.sync();
    for (Commit* commit : group_) {
      if (!synced && !commit->error)
        commit->error = {disk::Call::sync, synced.error().system_errno};
    }
  }
  boost::asio::post(io_, [this] { finish(); });
}

void Committer::finish() {
  for (Commit* commit : group_) commit->done = true;
  group_.clear();
  if (!waiting_.empty()) start();
  changed_.notify();
}

}  // namespace mpiferry::roles

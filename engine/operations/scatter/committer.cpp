#include "engine/operations/scatter/committer.hpp"

#include <utility>

namespace mpiferry::operations {

Result<std::unique_ptr<Committer>> Committer::start(boost::asio::io_context& io,
                                                    threads::Threads& threads,
                                                    const disk::Directory& directory,
                                                    std::size_t window) {
  auto writer = threads.start();
  if (!writer) return std::move(writer.error());
  auto publisher = threads.start();
  if (!publisher) return std::move(publisher.error());
  return std::make_unique<Committer>(io, std::move(*writer), std::move(*publisher), directory,
                                     window);
}

Committer::Committer(boost::asio::io_context& io, std::unique_ptr<threads::Thread> writer,
                     std::unique_ptr<threads::Thread> publisher, const disk::Directory& directory,
                     std::size_t window)
    : io_(io),
      directory_(directory),
      changed_(io),
      writer_(std::move(writer)),
      publisher_(std::move(publisher)) {
  group_.reserve(window);
}

Committer::~Committer() {
  ending_ = true;
  writer_->join();  // first: it still gives to the publisher
  publisher_->join();
}

void Committer::give(Commit& commit) {
  boost::asio::post(writer_->executor(), [this, &commit] { write(commit); });
}

// On the writer.
void Committer::write(Commit& commit) {
  if (ending_) return;
  make_name_durable(commit.slot);
  commit.slot.append(commit.payload);
  commit.slot.start_sync();
  boost::asio::post(publisher_->executor(), [this, &commit] { join_group(commit); });
}

// A file of many chunks must be found after a power cut, and never under its finished name while it
// is written.
void Committer::make_name_durable(disk::ChunkSlot& slot) {
  if (slot.shared_file() == nullptr || shared_name_durable_) return;
  const Outcome synced = sync_directory();
  shared_name_durable_ = static_cast<bool>(synced);
  if (!synced) slot.fail({disk::Call::sync, synced.error().system_errno});
}

// Both threads do.
Outcome Committer::sync_directory() {
  const std::lock_guard lock{syncing_};
  return directory_.sync();
}

// On the publisher, which does things in the order in which they were posted: what waits before
// publish_group() joins the group, what comes later waits for the next.
void Committer::join_group(Commit& commit) {
  group_.push_back(&commit);
  if (group_.size() == 1) boost::asio::post(publisher_->executor(), [this] { publish_group(); });
}

void Committer::sync_group() {
  const disk::OffsetPartialFile* synced = nullptr;
  disk::WriteError error;
  for (Commit* commit : group_) {
    const disk::OffsetPartialFile* file = commit->slot.shared_file();
    if (file == nullptr) {
      commit->slot.sync();
      continue;
    }
    if (file != synced) error = file->sync();
    synced = file;
    if (error) commit->slot.fail(error);
  }
}

void Committer::publish_group() {
  if (ending_) return;
  sync_group();
  bool named = false;
  for (Commit* commit : group_) {
    commit->slot.publish();
    named = named || (commit->slot.shared_file() == nullptr && !commit->slot.error());
  }
  if (named) {
    const Outcome synced = sync_directory();
    for (Commit* commit : group_) {
      if (!synced && commit->slot.shared_file() == nullptr)
        commit->slot.fail({disk::Call::sync, synced.error().system_errno});
    }
  }
  for (Commit* commit : group_) {
    boost::asio::post(io_, [this, commit] {
      commit->done = true;
      changed_.notify();
    });
  }
  group_.clear();
}

}  // namespace mpiferry::operations

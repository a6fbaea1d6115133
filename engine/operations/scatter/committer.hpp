// Makes chunks durable, several at a time: the worker's side of --fsync.
//
// Writing to a disk and fsync wait for it, and most of what fsync waits for (the journal) it does
// for all files at once. So both happen on threads of their own while the worker receives and
// checks. One writes, so that the disk always has something to do; the other takes together what
// has been written while it was busy: an fsync of each file, a rename of each, one fsync of the
// directory; or one fsync, where all are in one file. docs/decisions/0016 has the measurements.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "engine/disk/chunk_slot.hpp"
#include "engine/disk/directory.hpp"
#include "engine/job/task.hpp"
#include "engine/threads/threads.hpp"

namespace mpiferry::operations {

class Committer {
 public:
  // A chunk that is to be written, from give() to `done`; stays where it is until then.
  struct Commit {
    disk::ChunkSlot slot;
    std::span<const std::byte> payload;
    bool done = false;
  };

  // give(), wait() and `done` belong to the thread that runs `io`. `directory` outlives it.
  // invalid_argument if no threads can be had.
  static Result<std::unique_ptr<Committer>> start(boost::asio::io_context& io,
                                                  threads::Threads& threads,
                                                  const disk::Directory& directory,
                                                  std::size_t window);
  Committer(boost::asio::io_context& io, std::unique_ptr<threads::Thread> writer,
            std::unique_ptr<threads::Thread> publisher, const disk::Directory& directory,
            std::size_t window);
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;
  // Waits for what is under way. What was given, is not done and has not been begun is dropped.
  ~Committer();

  // Writes and publishes `commit`, durably, name included; then sets `done`. Its slot's error says
  // whether that failed. After a failure of its own file it is not published; after one of the
  // directory it may be.
  void give(Commit& commit);
  // Until some commit is done.
  auto wait() { return changed_.wait(); }

 private:
  void write(Commit& commit);
  void make_name_durable(disk::ChunkSlot& slot);
  Outcome sync_directory();
  void join_group(Commit& commit);
  void sync_group();
  void publish_group();

  std::atomic<bool> ending_ = false;
  boost::asio::io_context& io_;
  const disk::Directory& directory_;
  job::Event changed_;
  std::mutex syncing_;                // the directory
  bool shared_name_durable_ = false;  // the writer's alone
  std::vector<Commit*> group_;        // the publisher's alone
  std::unique_ptr<threads::Thread> writer_;
  std::unique_ptr<threads::Thread> publisher_;
};

}  // namespace mpiferry::operations

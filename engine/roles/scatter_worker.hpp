// A worker's duty in a scatter: receive chunks, check them, write them, answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/buffer_pool.hpp"
#include "engine/disk/descriptor.hpp"
#include "engine/disk/directory.hpp"
#include "engine/protocol/receiver.hpp"
#include "engine/roles/ack_sender.hpp"
#include "engine/roles/chunk_store.hpp"
#include "engine/roles/clearing.hpp"
#include "engine/roles/committer.hpp"
#include "engine/roles/duty.hpp"
#include "engine/roles/fault_player.hpp"
#include "engine/roles/heartbeat.hpp"
#include "engine/roles/preflight.hpp"
#include "engine/wire/held_chunks_message.hpp"

namespace mpiferry::roles {

class ScatterWorker final : public Duty {
 public:
  ScatterWorker(const Post& post, wire::Job job)
      : post_(post), job_(std::move(job)), faults_(job_.faults, post.self()), heartbeat_(post) {}
  ~ScatterWorker() override;
  // bad_field if the message is no job.
  static Result<std::unique_ptr<Duty>> take(const Post& post, const Message& message);

  Task<Outcome> prepare() override;
  void start() override;
  void end() override;
  const std::string& master_host() const override { return job_.host; }
  std::chrono::milliseconds stall_timeout() const override { return job_.stall_timeout; }
  bool waiting() const override { return waiting_; }
  bool receiving() const override { return open_slots_ > 0; }
  bool answering() const override {
    return (acks_ && !acks_->idle()) || looking_ || (reports_ && reports_->in_use() > 0);
  }
  Task<Outcome> publish(const wire::End& end) override;
  wire::Closed closed() const override;
  void add_to(Report& report) const override;

 private:
  Outcome probe() const;

  // scatter_directory.cpp: whose it is
  Task<Outcome> occupy();
  Task<Outcome> replace();
  void send_capacity(const StaleFiles& stale_files);
  wire::Ready described() const;
  Outcome mark();
  Outcome acquire_job_lock(bool replace);
  const std::string& source_here() const;
  bool has_to_stop();

  // scatter_resume.cpp: what is there already
  Task<> count_kept_space();
  Outcome unpublish();
  Task<> scan_held_chunks();
  Task<std::optional<std::uint64_t>> look(ChunkIndex chunk, std::span<std::byte> buffer);
  void send_held_chunks(const wire::HeldChunksMessage& held_chunks);
  Task<Outcome> remove_stale(const wire::End& end);
  Task<Outcome> stamp_kept(std::uint64_t chunks);
  Task<Outcome> catch_up();
  std::optional<Bytes> length_of(ChunkIndex chunk) const;
  void count_kept(std::uint64_t chunks);

  struct Reported {
    ScatterWorker* self;
    void operator()(const mpi::ErrorCode& error, mpi::Completion completion) const;
  };

  // scatter_lane.cpp: one posted receive and what becomes of it
  Task<> slot(std::size_t index);
  void post_receive(std::size_t index, Lease lease);
  void show(ChunkIndex chunk, const disk::WriteError& error) const;

  const Post& post_;
  const wire::Job job_;
  // Shared with the lanes: a part must not outlive its directory. Nothing if chunks are discarded.
  std::shared_ptr<disk::Directory> directory_;
  bool shares_ = false;   // the directory, with the master
  std::string job_lock_;  // of this job, there
  bool waiting_ = false;  // for the master's word that files may go
  bool marked_ = false;   // the directory, by a worker that does not share the master's
  bool full_ = false;     // the disk had no room for the mark
  disk::Descriptor job_lock_file_;
  std::shared_ptr<ChunkStore> store_;
  std::optional<BufferPool> chunk_pool_;
  std::optional<protocol::Receiver> receiver_;
  std::optional<AckSender> acks_;
  std::optional<Committer> committer_;  // with --fsync; before the directory and the lanes go
  std::vector<mpi::Operation> receive_slots_;
  std::size_t open_slots_ = 0;
  bool unpublished_ = false;  // resume: no list of sums, no manifest is left of an earlier job
  bool unwritable_ = false;   // a chunk could not be written
  Share kept_;                // resume: of its share so much lies here already
  bool looking_ = false;      // the inventory is being taken
  std::optional<BufferPool> reports_;   // inventories on their way
  std::pair<ChunkIndex, Bytes> short_;  // the last chunk that was found with less than a whole one
  FaultPlayer faults_;
  Heartbeat heartbeat_;
};

}  // namespace mpiferry::roles

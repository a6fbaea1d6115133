// Rank 0 of a scatter: reads the source, sends its chunks to the workers, publishes the manifest.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/disk/directory.hpp"
#include "engine/disk/offset_partial_file.hpp"
#include "engine/protocol/held_chunks.hpp"
#include "engine/protocol/sender.hpp"
#include "engine/roles/clearing.hpp"
#include "engine/roles/master.hpp"
#include "engine/roles/options.hpp"
#include "engine/roles/preflight.hpp"
#include "engine/roles/publication.hpp"
#include "engine/roles/source_reader.hpp"
#include "engine/wire/manifest.hpp"

namespace mpiferry::roles {

// A source that makes more than kMaxChunks chunks.
Failure too_many_chunks(const Options& options);

class ScatterMaster final : public Master {
 public:
  ScatterMaster(mpi::MpiContext& context, const mpi::Communicator& communicator,
                const Options& options, Observer& observer);
  // Takes the mark of the running job away, also when an exception ends it.
  ~ScatterMaster() override;

 private:
  // scatter_master.cpp: the job's steps
  Task<Outcome> prepare() override;
  Task<Outcome> occupy();
  void send_job() override;
  bool clears() const override;
  Outcome check_peers() override { return capacity_.check(options_.layout); }
  void check_result();
  wire::End end_message(Rank worker) const override;
  void on_failed() override;
  void release() override;
  void add_to(Report& report) const override;

  // scatter_takeover.cpp: what lies there already
  Task<Outcome> take_directory();
  Task<Outcome> clear_destination() override;
  Task<Outcome> clear_stale_files();
  void tell_to_clear();
  struct ClearSent {
    ScatterMaster* self;
    void operator()(const mpi::ErrorCode& error, mpi::Completion completion) const;
  };
  Outcome acquire_job_lock(bool replace);
  Task<Outcome> take_over();
  Outcome check_finished();
  Failure taken_over() const;
  bool sparse() const noexcept { return !data_.empty(); }
  Bytes data_size(Bytes size) const noexcept;
  std::uint32_t mode() const noexcept;
  disk::FileStamp stamp() const noexcept;
  Outcome open_file();
  Task<Outcome> replace();
  Outcome check_capacity_for_file() const;
  Outcome reserve();
  Outcome unpublish();
  Outcome check_capacity_beside(ChunkIndex chunk, Rank worker) const;
  bool is_complete() const;

  // scatter_publication.cpp: what is left there
  Outcome publish() override;
  void list_sums(const wire::Manifest& manifest, const LineSink& put) const;
  std::vector<wire::Manifest::Moved> moved_chunks() const;

  // scatter_transfer.cpp: chunks out
  struct ChunkSent {
    ScatterMaster* self;
    Rank to;
    ChunkIndex chunk;
    Bytes length;
    void operator()(const mpi::ErrorCode& error, mpi::Completion completion) const;
  };
  struct Retained {
    ChunkIndex chunk;
    Bytes length;
    Lease lease;
  };
  struct SourceReadable {
    ScatterMaster* self;
    void operator()(const boost::system::error_code& error) const;
  };
  enum class Turn : std::uint8_t { more, blocked, done };
  Task<> transfer() override;
  Task<> read_source_again();
  Turn take_turn();
  bool advance(const protocol::Action& action);
  void read_on();
  bool keep_chunk(const protocol::Send& send);
  void send_chunk(const protocol::Send& send, Bytes length, std::uint64_t digest, Lease lease);
  void resend_retained(const protocol::Send& send);
  void drop_retained(ChunkIndex chunk);

  // scatter_answers.cpp: answers in
  void hear_more(Rank from, const Message& message, mpi::Completion& completion) override;
  void hear_acks(Rank from, std::span<const std::byte> payload);
  void hear_ack(Rank from, const wire::Ack& ack);
  Failure unwritten(Rank from, const wire::Ack& ack) const;
  void on_tick(protocol::Time now) override;

  const Options& options_;
  const std::string job_lock_;
  BufferPool chunk_pool_;
  std::optional<disk::Directory> directory_;
  bool holds_job_lock_ = false;
  disk::Descriptor job_lock_file_;
  StaleFiles stale_files_;  // --force: what lies here
  bool clearing_ = false;   // files of an earlier job may be gone: a failure says so
  std::optional<BufferPool> clear_messages_;
  std::optional<disk::OffsetPartialFile> file_;  // the layout `file`
  bool fresh_file_ = true;                       // file_ was made by this job, not an earlier one
  std::optional<SourceReader> reader_;
  std::optional<protocol::Send> reading_;  // the chunk that the reader works on
  std::vector<Extent> data_;               // of a source with holes that stay holes; else empty
  bool source_blocked_ = false;
  std::optional<std::uint64_t> chunks_;
  std::vector<Retained> retained_;                   // streams: sent, not acknowledged
  std::optional<protocol::HeldChunks> held_chunks_;  // resume
  std::optional<wire::Manifest> finished_;           // resume: of a job that is whole already
  bool unpublished_ = false;                         // resume: no manifest is left of it
  std::vector<Failure> warnings_;                    // reroute: workers that could not write
  std::optional<protocol::Sender> sender_;
};

}  // namespace mpiferry::roles

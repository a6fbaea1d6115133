// The master's way out: source to lease to Isend.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "engine/base/buffer_pool.hpp"
#include "engine/job/master_session.hpp"
#include "engine/job/source_reader.hpp"
#include "engine/operations/scatter/options.hpp"
#include "engine/operations/scatter/retained_chunks.hpp"
#include "engine/protocol/sender.hpp"

namespace mpiferry::operations {

// A source that makes more than kMaxChunks chunks.
Failure too_many_chunks(const ScatterOptions& options);

// Not thread-safe. Must outlive what it sends; what it refers to outlives it.
class ChunkSender {
 public:
  // Is asked before the first byte of a chunk of `length` goes to `send.to`; a failure ends the
  // job.
  using BeforeSend = std::function<Outcome(const protocol::Send& send, Bytes length)>;

  ChunkSender(job::MasterSession& session, const ScatterOptions& options, job::SourceReader& reader,
              BufferPool& pool, std::optional<std::uint64_t> chunks,
              const protocol::HeldChunks* held_chunks, BeforeSend before_send);

  // Comes back when all chunks are acknowledged or kept, or the job has failed.
  job::Task<> run();

  // An ack has come.
  protocol::AckEffect on_ack(Rank from, const wire::Ack& ack);
  // A source that is blocked is not waited for any longer.
  void cancel();

  const protocol::Sender& sender() const noexcept { return sender_; }
  // Of a stream: once it has ended.
  std::optional<std::uint64_t> chunks() const noexcept { return chunks_; }

 private:
  struct Sent {
    ChunkSender* self;
    Rank to;
    ChunkIndex chunk;
    Bytes length;
    void operator()(const job::ErrorCode& error, job::Completion completion) const;
  };
  struct SourceReadable {
    ChunkSender* self;
    void operator()(const boost::system::error_code& error) const;
  };
  enum class Turn : std::uint8_t { more, blocked, done };

  Turn take_turn();
  bool advance(const protocol::Action& action);
  void read_on();
  void on_read();
  void send(const protocol::Send& send, Bytes length, std::uint64_t digest, Lease lease);
  void resend_retained(const protocol::Send& send);
  bool is_stream() const noexcept { return reader_.source().is_stream(); }

  job::MasterSession& session_;
  const ScatterOptions& options_;
  job::SourceReader& reader_;
  BufferPool& pool_;
  BeforeSend before_send_;
  protocol::Sender sender_;
  std::optional<std::uint64_t> chunks_;
  std::optional<protocol::Send> reading_;  // the chunk that the reader works on
  bool source_blocked_ = false;
  RetainedChunks retained_;
};

}  // namespace mpiferry::operations

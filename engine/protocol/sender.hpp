// The master's side of the protocol: which chunk goes where next, what is still unanswered, who has
// stopped answering. It decides and counts; it never reads, sends or looks at a clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "engine/base/units.hpp"
#include "engine/plan/distribution.hpp"
#include "engine/protocol/clock.hpp"
#include "engine/protocol/held_chunks.hpp"
#include "engine/protocol/stall.hpp"
#include "engine/wire/ack.hpp"

namespace mpiferry::protocol {

using mpiferry::kMaxWindow;

struct SenderConfig {
  std::uint32_t workers = 1;            // at least 1
  std::uint32_t window = 1;             // unacknowledged chunks a worker, 1 .. kMaxWindow
  std::uint32_t retries = 3;            // how often a chunk may be sent again
  std::size_t buffers = 1;              // chunks that may be in memory at once, at least 1
  Duration stall_timeout{};             // 0: a worker may take for ever
  std::optional<std::uint64_t> chunks;  // nothing: a stream, see on_source_end
  // A job that goes on: chunks that a worker holds as they are in the source are not sent. Must
  // outlive the Sender.
  const HeldChunks* held_chunks = nullptr;
  bool reroute = false;  // the chunks of a worker that cannot write go to others
  bool retain = false;   // buffers are kept until the ack, as a stream cannot be
                         // read again; else they are free once they are sent
};

// What to do next.
struct Send {
  ChunkIndex chunk;
  Rank to;
  std::uint32_t attempt = 0;
  bool again = false;  // it was read before: its first receiver could not write it
  bool operator==(const Send&) const = default;
};
struct Wait {
  bool operator==(const Wait&) const = default;
};
struct Done {  // every chunk is acknowledged
  bool operator==(const Done&) const = default;
};
using Action = std::variant<Send, Wait, Done>;

// What an ack meant.
enum class AckEffect : std::uint8_t {
  written,       // the chunk is safe
  resend,        // damaged on its way; it will come up in next() again
  exhausted,     // damaged once more than `retries` allows
  write_failed,  // the worker could not write it
  rerouted,      // not written; it will come up in next() again, for another worker
  stale,         // an answer that was already given; ignored
  invalid,       // about a chunk that this worker was never sent
};

// Chunks leave in order: chunk i + 1 not before chunk i, whoever has room, because a stream can be
// read and a file digested only in order. Round robin gives every worker the same share, so waiting
// for the slowest one costs no time in the end.
//
// Not thread-safe. Calls do not allocate, but for a worker whose acks overtake more than a window
// of Isends.
class Sender {
 public:
  explicit Sender(const SenderConfig& config);

  // Pure: says the same until something happens.
  Action next() const;

  // The chunk was read (`length` bytes) and its Isend was posted. Precondition: next() said so.
  void on_started(const Send& send, Bytes length, Time now);
  // The chunk was read, and its own worker holds it already. Precondition: next() said to send it,
  // for the first time, and holds() is true.
  void on_kept(const Send& send, Bytes length);
  // Whether the chunk's own worker, which may not be the one that `send` goes to, holds these very
  // bytes already.
  bool holds(const Send& send, std::uint64_t digest) const;
  // The Isend of this chunk has completed: MPI no longer needs the buffer.
  void on_send_complete(Rank worker, ChunkIndex chunk);
  AckEffect on_ack(Rank worker, const wire::Ack& ack, Time now);
  // A stream turned out to have `chunks` chunks. Precondition: chunk `chunks` was not started.
  void on_source_end(std::uint64_t chunks);

  // The worker that has kept chunks unanswered for the longest time, if that is longer than the
  // stall timeout. The clock of a worker restarts with each of its answers, when it is sent a chunk
  // while it owes none, and when it is sent a chunk again.
  std::optional<Stall> stalled(Time now) const;
  // All that have kept chunks unanswered for longer than that, by rank.
  std::vector<Stall> silent(Time now, Duration longer_than) const;
  // What `worker` owes, and for how long it has said nothing.
  Stall owes(Rank worker, Time now) const;

  std::uint64_t chunks_started() const noexcept { return next_chunk_; }
  std::uint64_t chunks_written() const noexcept { return chunks_written_; }
  std::uint64_t chunks_kept() const noexcept { return chunks_kept_; }
  Bytes bytes_kept() const noexcept { return bytes_kept_; }
  // Chunks that were written by another worker than their own, in no order.
  struct Moved {
    ChunkIndex chunk;
    Rank to;
    bool operator==(const Moved&) const = default;
  };
  std::span<const Moved> moved() const noexcept { return moved_; }
  std::uint64_t chunks_resent() const noexcept { return chunks_resent_; }
  std::uint64_t chunks_corrupt() const noexcept { return chunks_corrupt_; }
  Bytes bytes_written() const noexcept { return bytes_written_; }
  std::size_t in_flight() const noexcept { return in_flight_; }
  // The most chunks that were ever unacknowledged at one worker.
  std::uint32_t peak_in_flight() const noexcept { return peak_in_flight_; }
  std::size_t buffers_in_use() const noexcept { return buffers_in_use_; }

  // Whether this chunk still needs its buffer (retain only): not yet acknowledged as written.
  bool is_unacknowledged(Rank worker, ChunkIndex chunk) const;

 private:
  struct Flight {
    ChunkIndex chunk;
    Bytes length;
    std::uint32_t attempt = 0;
    bool sending = true;    // MPI still has the buffer
    bool answered = false;  // acknowledged as written; waits for its Isend only
    bool damaged = false;   // waits to be sent again
    bool failed = false;    // exhausted or not written: the job's failure
    bool rerouted = false;  // answered: could not be written, another worker gets it
  };
  struct Worker {
    std::vector<Flight> flights;       // never more than window answered + window unanswered
    std::uint32_t unacknowledged = 0;  // counts against the credit
    Time last_answer;
    bool excluded = false;  // could not write
  };
  struct Rerouted {  // a chunk whose worker could not write it
    ChunkIndex chunk;
    Bytes length;
  };

  Worker& worker(Rank rank);
  const Worker& worker(Rank rank) const;
  static Flight* find(Worker& worker, ChunkIndex chunk);
  const Flight* next_resend(Rank* to) const;
  void release(Worker& worker, Flight* flight);
  Rank receiver_of(ChunkIndex chunk) const;
  bool can_reroute() const noexcept;
  void rerouted(Worker& from, Flight* flight);
  AckEffect on_write_failed(Worker& from, Flight* flight);

  SenderConfig config_;
  plan::Distribution distribution_;
  std::vector<Worker> workers_;
  std::uint64_t next_chunk_ = 0;
  std::size_t damaged_ = 0;         // flights that wait to be sent again
  std::size_t in_flight_ = 0;       // unacknowledged, all workers
  std::size_t flights_ = 0;         // in_flight_ and those that wait for their Isend only
  std::size_t buffers_in_use_ = 0;  // chunks in memory
  std::uint64_t chunks_written_ = 0;
  std::uint64_t chunks_resent_ = 0;
  std::uint64_t chunks_corrupt_ = 0;
  Bytes bytes_written_;
  std::uint64_t chunks_kept_ = 0;
  Bytes bytes_kept_;
  std::vector<Rerouted> rerouted_;
  std::vector<Moved> moved_;
  std::uint32_t peak_in_flight_ = 0;
};

}  // namespace mpiferry::protocol

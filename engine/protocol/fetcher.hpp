// The master's side of bringing chunks back: which chunk is asked of whom next, what became of it,
// who has stopped answering. The mirror of Sender: a request is the credit, the chunk itself the
// answer. It decides and counts; it never reads, sends or looks at a clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "engine/base/units.hpp"
#include "engine/protocol/clock.hpp"
#include "engine/protocol/sender.hpp"

namespace mpiferry::protocol {

struct FetcherConfig {
  std::uint64_t chunks = 0;
  std::uint32_t ranks = 1;    // that can be asked: 0 .. ranks-1, the master itself among them
  std::uint32_t window = 1;   // open requests a rank, 1 .. kMaxWindow
  std::size_t buffers = 1;    // chunks that may be requested or in hand at once, at least 1
  std::uint32_t retries = 3;  // how often a chunk that arrived damaged is asked for again
  Duration stall_timeout{};   // 0: a rank may take for ever
  // The n-th rank that can be asked for a chunk (plan::ChunkLocations::holder); nothing: there is
  // none.
  std::function<std::optional<Rank>(ChunkIndex, std::uint32_t n)> holder = {};
};

// What to do next, beside Wait and Done.
struct Fetch {
  ChunkIndex chunk;
  Rank from;
  std::uint32_t attempt = 0;  // 0 the first time; counts requests for this chunk, whomever to
  bool operator==(const Fetch&) const = default;
};
struct Missing {  // nobody has this chunk: on_missing()
  ChunkIndex chunk;
  bool operator==(const Missing&) const = default;
};
using FetchAction = std::variant<Fetch, Missing, Wait, Done>;

// What came of a request, as it is for the caller to see.
enum class Arrival : std::uint8_t {
  good,         // as it ought to be
  damaged,      // not what the sender's own header says: it happened on the way
  unavailable,  // the rank has it not, cannot read it, or has other bytes
};

// What an arrival means for the chunk.
enum class FetchEffect : std::uint8_t {
  accepted,   // the chunk is in hand: on_stored() when its buffer is free
  again,      // it will come up in next() again, of the same rank or of another one
  exhausted,  // damaged on its way once more than `retries` allows; it counts as lost
  lost,       // whoever has it was asked; the caller may go on without it
  stale,      // an answer to a request that was answered already; ignored
  invalid,    // an answer that nobody asked this rank for
};

// Chunks are asked for in order, chunk i + 1 not before chunk i, so that they can be digested in
// order while few of them are in memory. Not thread-safe. Calls do not allocate.
class Fetcher {
 public:
  explicit Fetcher(FetcherConfig config);

  // Pure: says the same until something happens.
  FetchAction next() const;

  // The request has left. Precondition: next() said so.
  void on_requested(const Fetch& fetch, Time now);
  // Precondition: next() said so. The chunk counts as lost.
  void on_missing(ChunkIndex chunk);
  FetchEffect on_arrival(Rank from, ChunkIndex chunk, std::uint32_t attempt, Arrival arrival,
                         Time now);
  // What was accepted has been dealt with.
  void on_stored(ChunkIndex chunk);

  // As Sender::stalled. The master itself never stalls.
  std::optional<Stall> stalled(Time now) const;
  // As Sender::silent.
  std::vector<Stall> silent(Time now, Duration longer_than) const;

  std::uint64_t chunks_done() const noexcept { return done_; }  // accepted and stored
  std::uint64_t chunks_lost() const noexcept { return lost_; }
  std::uint64_t chunks_corrupt() const noexcept { return corrupt_; }
  std::uint64_t chunks_again() const noexcept { return again_; }
  // Requested or in hand.
  std::size_t in_flight() const noexcept { return flights_.size(); }
  // Requests to other ranks than the master that have no answer yet.
  std::size_t open_requests() const noexcept { return open_; }
  std::uint32_t peak_in_flight() const noexcept { return peak_; }

 private:
  enum class State : std::uint8_t {
    open,     // requested, and not answered
    waits,    // to be asked for again
    in_hand,  // accepted
  };
  struct Flight {
    ChunkIndex chunk;
    Rank from;
    std::uint32_t attempt = 0;
    std::uint32_t holders = 0;  // that turned out not to have it
    std::uint32_t damaged = 0;  // arrivals
    State state = State::open;
  };
  struct Member {
    std::uint32_t open = 0;  // requests without an answer
    Time last_answer;
  };
  Member& member(Rank rank) { return members_[static_cast<std::size_t>(rank.value)]; }
  const Member& member(Rank rank) const { return members_[static_cast<std::size_t>(rank.value)]; }
  std::vector<Flight>::iterator find(ChunkIndex chunk);
  void lose(std::vector<Flight>::iterator flight);

  FetcherConfig config_;
  std::vector<Member> members_;
  std::vector<Flight> flights_;  // ascending by chunk
  std::uint64_t next_chunk_ = 0;
  std::size_t open_ = 0;
  std::size_t waiting_ = 0;  // flights to be asked for again
  std::uint64_t done_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t corrupt_ = 0;
  std::uint64_t again_ = 0;
  std::uint32_t peak_ = 0;
};

}  // namespace mpiferry::protocol

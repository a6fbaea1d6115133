// MPI as the protocol meets it: posted receives, Isends whose completion is one thing and whose
// arrival another, messages of one pair and tag that do not overtake each other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "engine/base/units.hpp"
#include "engine/wire/header.hpp"
#include "engine/wire/tag.hpp"
#include "tests/sim/buffer.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/link.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/scenario.hpp"
#include "tests/sim/trace.hpp"
#include "tests/sim/world.hpp"

namespace mpiferry::sim {

// What a receive ended in.
struct Arrival {
  Rank from = kNoRank;
  bool cancelled = false;
};

// Handlers run on the loop of their rank, some time after the completion, in no particular order:
// MPI_Testsome reports what has completed as it likes. Not thread-safe.
class Network {
 public:
  using SentHandler = std::function<void(bool sent)>;  // false: the receiver is lost
  using ReceivedHandler = std::function<void(const Arrival&)>;
  using ReceiveId = std::uint64_t;

  Network(World& world, Trace& trace, Faults& faults, const Scenario& scenario, Link link,
          Random random);

  // Sends the bytes of `buffer`, which MPI has until the handler runs.
  void isend(Rank from, Rank to, wire::Tag tag, Buffer& buffer, SentHandler handler);
  // Receives into `buffer`, which MPI has until the handler runs. `from`: kNoRank for any.
  ReceiveId irecv(Rank at, Rank from, wire::Tag tag, Buffer& buffer, ReceivedHandler handler);
  // The handler still comes: with the message, if that was faster.
  void cancel(Rank at, wire::Tag tag, ReceiveId id);

  // Isends of this rank that have not completed.
  std::size_t sending(Rank rank) const { return ends_[index(rank)].sending; }
  // How long the master's NIC has been sending.
  Duration busy() const noexcept { return link_.busy(); }
  // Called with each fault that strikes a rank or the source (Occasion::message).
  std::function<void(const Plan&)> on_strike;

 private:
  static constexpr std::size_t kNothing = SIZE_MAX;
  struct Receive {
    ReceiveId id = 0;
    Rank from;
    Buffer* into = nullptr;
    ReceivedHandler handler;
  };
  struct Sending {  // what the sender waits for
    Rank from;
    Buffer* buffer = nullptr;
    std::uint64_t fingerprint = 0;  // of the bytes as they were lent
    SentHandler handler;
  };
  struct Message {
    Rank from;
    Rank to;
    wire::Tag tag = wire::Tag::data;
    std::vector<std::byte> bytes;
    std::size_t waited_for_by = kNothing;  // an Isend that completes when this is received
  };
  struct Box {  // of one rank and tag
    std::vector<Receive> posted;
    std::deque<Message> unexpected;
  };
  struct End {
    Box data;
    Box status;
    std::size_t sending = 0;
  };
  struct Channel {  // of one pair, tag and direction
    Time last_arrival;
    bool cut = false;  // its sender died: what was on its way is gone
  };
  static std::size_t index(Rank rank) { return static_cast<std::size_t>(rank.value); }
  Box& box(Rank rank, wire::Tag tag) {
    End& end = ends_[index(rank)];
    return tag == wire::Tag::data ? end.data : end.status;
  }
  Channel& channel(const Message& message) {
    const std::size_t way = message.tag == wire::Tag::data ? 0 : message.from == kMaster ? 1 : 2;
    return channels_[index(message.from) + index(message.to)][way];
  }
  void tamper(Message& message);
  void flip(std::vector<std::byte>& bytes, std::size_t first, std::size_t last);
  bool is_cursed(const wire::Header& header) const;
  void inject(Message message);
  void travel(Message message, Time arrival);
  void arrive(Message message);
  void deliver(Message message, Receive receive);
  void complete(std::size_t sending, bool sent, Duration delay);
  std::string name_of(const Message& message) const;

  World& world_;
  Trace& trace_;
  Faults& faults_;
  const Scenario& scenario_;
  Link link_;
  Random random_;
  std::vector<End> ends_;
  // Workers never talk to each other: the other rank names the pair.
  std::vector<std::array<Channel, 3>> channels_;
  std::vector<Sending> sendings_;
  std::vector<std::size_t> free_sendings_;
  std::vector<Message> on_their_way_;
  std::vector<std::size_t> free_messages_;
  ReceiveId next_receive_ = 1;
  // From this chunk on every third one is damaged, in its first so many attempts.
  std::uint64_t cursed_from_ = UINT64_MAX;
  std::uint64_t curses_ = 0;
};

}  // namespace mpiferry::sim

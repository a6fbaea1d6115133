// A network of ranks in one process, with posted receives, messages on their way, and what befalls
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "engine/transport/transport.hpp"
#include "tests/simulation/speeds.hpp"
#include "tests/simulation/world.hpp"

namespace mpiferry::simulation {

class Network;

// One rank's end. As MPI has it, messages of one sender with one tag are given to receives in the
// order in which they were sent; others may overtake each other.
class Endpoint final : public transport::Transport {
 public:
  // `arena` outlives `io`, in which what was allocated there may wait.
  Endpoint(Network& network, boost::asio::io_context& io, transport::Arena& arena, Rank self,
           int size);
  ~Endpoint() override;
  // Ends all waits without a word, as the end of an io_context does.
  void shutdown();

  boost::asio::io_context& io() noexcept override { return io_; }
  Rank rank() const noexcept override { return self_; }
  int size() const noexcept override { return size_; }
  transport::Operation isend(Lease lease, std::size_t payload_bytes, Rank to, int tag) override;
  transport::Operation irecv(Lease lease, Rank from, int tag) override;
  void cancel(transport::Operation operation) override;
  std::size_t outstanding() const noexcept override;
  // Counts the chunks of which the rank does not know yet that their sends have completed.
  std::size_t chunks_being_sent() const noexcept;
  std::uint64_t polls() const noexcept override { return 0; }
  void wait(transport::Operation operation, transport::WaitOperation& waiting) override;
  transport::Arena& arena() noexcept override { return arena_; }

  // Tells of one of the operations that have completed, of whichever: MPI_Testsome lists them in
  // the order of their requests, not in that of their completion. False if there is none.
  bool tell_one();

  // Since it was asked for last.
  Traffic traffic() noexcept { return std::exchange(traffic_, {}); }
  // Called when an operation has completed.
  std::function<void()> on_ready = [] {};

  // From now on nothing reaches this rank, and nothing that it begins to send leaves it.
  void cut_off() noexcept { cut_off_ = true; }

 private:
  friend class Network;
  struct Slot {
    std::uint32_t generation = 0;
    bool taken = false;
    bool complete = false;
    bool told = false;
    bool detached = false;
    bool receive = false;
    Rank from = kNoRank;    // of a receive
    std::size_t bytes = 0;  // of a send
    transport::Completion completion;
    transport::ErrorCode error;
    transport::WaitOperation* waiting = nullptr;
  };
  struct Arrived {
    Rank from;
    int tag;
    std::vector<std::byte> bytes;
  };

  void begin_busy() noexcept override {}
  void end_busy() noexcept override {}
  transport::Operation take(Lease lease, Rank peer, int tag, bool receive);
  bool knows(transport::Operation operation) const noexcept;
  void finish(std::uint32_t slot, const transport::ErrorCode& error);
  void collect(std::uint32_t slot);
  void arrive(Arrived message);
  void fill(std::uint32_t slot, const Arrived& message);

  Network& network_;
  boost::asio::io_context& io_;
  const Rank self_;
  const int size_;
  transport::Arena& arena_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::deque<std::uint32_t> posted_;          // receives, the oldest first
  std::vector<transport::Operation> untold_;  // that have completed
  std::deque<Arrived> unexpected_;            // that no receive was posted for
  Traffic traffic_;
  Time send_free_{};     // of its NIC
  Time receive_free_{};  // the other way
  bool cut_off_ = false;
};

class Network {
 public:
  explicit Network(World& world) : world_(world) {}

  // Is told of each message as its send begins, and as it arrives, when it may damage it.
  using OnSend =
      std::function<void(Rank from, Rank to, int tag, std::span<const std::byte> message)>;
  OnSend on_send = [](Rank, Rank, int, std::span<const std::byte>) {};
  using OnArrival =
      std::function<void(Rank from, Rank to, int tag, std::vector<std::byte>& message)>;
  OnArrival on_arrival = [](Rank, Rank, int, std::vector<std::byte>&) {};
  // Is told of each as its receiver gets to know of it.
  using OnTold = std::function<void(Rank to, std::span<const std::byte> message)>;
  OnTold on_told = [](Rank, std::span<const std::byte>) {};
  // Is told of each that comes before a receive is posted for it.
  using OnUnexpected = std::function<void(Rank to, const std::vector<std::byte>& message)>;
  OnUnexpected on_unexpected = [](Rank, const std::vector<std::byte>&) {};
  // Whether a message that arrives does so once more.
  using Copies = std::function<bool(const std::vector<std::byte>& message)>;
  Copies copies = [](const std::vector<std::byte>&) { return false; };
  // If set, the delays of a machine replace the random ones.
  std::optional<Speeds> speeds = {};
  Duration least_delay = std::chrono::microseconds{2};
  Duration most_delay = std::chrono::milliseconds{1};

  World& world() noexcept { return world_; }

 private:
  friend class Endpoint;
  void send(Endpoint& from, std::uint32_t slot, Rank to, int tag);
  Duration completion_delay();
  Time arrival(Endpoint& from, Rank to, std::span<const std::byte> message);
  void deliver(Rank from, transport::Operation send, Rank to, int tag,
               std::vector<std::byte> message);

  World& world_;
  std::map<int, Endpoint*> endpoints_;              // by rank
  std::map<std::tuple<int, int, int>, Time> last_;  // arrival, of a sender, a receiver and a tag
};

}  // namespace mpiferry::simulation

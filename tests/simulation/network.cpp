#include "tests/simulation/network.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include <boost/asio/error.hpp>

#include "engine/wire/header.hpp"

namespace mpiferry::simulation {

using transport::Operation;

namespace {

// What of a message is of a chunk.
std::size_t chunk_bytes(std::span<const std::byte> message) {
  const auto header = wire::decode(message);
  return header && header->kind == wire::Kind::chunk ? message.size() - kHeaderSize : 0;
}

}  // namespace

Endpoint::Endpoint(Network& network, boost::asio::io_context& io, transport::Arena& arena,
                   Rank self, int size)
    : network_(network), io_(io), self_(self), size_(size), arena_(arena) {
  network_.endpoints_[self.value] = this;
}

Endpoint::~Endpoint() { network_.endpoints_.erase(self_.value); }

void Endpoint::shutdown() {
  for (Slot& slot : slots_) {
    if (slot.waiting != nullptr) std::exchange(slot.waiting, nullptr)->destroy(arena_);
  }
}

Operation Endpoint::take(Lease lease, Rank peer, int tag, bool receive) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t number = free_.back();
  free_.pop_back();
  Slot& slot = slots_[number];
  slot.taken = true;
  slot.receive = receive;
  slot.completion.peer = peer;
  slot.completion.tag = tag;
  slot.completion.lease = std::move(lease);
  slot.completion.call = receive ? "irecv" : "isend";
  return {number, slot.generation};
}

bool Endpoint::knows(Operation operation) const noexcept {
  return operation.slot < slots_.size() && slots_[operation.slot].taken &&
         slots_[operation.slot].generation == operation.generation;
}

std::size_t Endpoint::outstanding() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(slots_, [](const Slot& slot) { return slot.taken && !slot.complete; }));
}

std::size_t Endpoint::chunks_being_sent() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(slots_, [](const Slot& slot) {
    return slot.taken && !slot.receive && !slot.told &&
           chunk_bytes(slot.completion.lease.message().first(slot.bytes)) > 0;
  }));
}

Operation Endpoint::isend(Lease lease, std::size_t payload_bytes, Rank to, int tag) {
  const std::size_t bytes = lease.message(payload_bytes).size();
  const Operation operation = take(std::move(lease), to, tag, false);
  slots_[operation.slot].bytes = bytes;
  if (network_.speeds) {
    ++traffic_.sent;
    traffic_.sent_bytes +=
        chunk_bytes(slots_[operation.slot].completion.lease.message().first(bytes));
  }
  network_.send(*this, operation.slot, to, tag);
  return operation;
}

Operation Endpoint::irecv(Lease lease, Rank from, int tag) {
  const Operation operation = take(std::move(lease), from, tag, true);
  slots_[operation.slot].from = from;
  const auto found = std::ranges::find_if(unexpected_, [&](const Arrived& message) {
    return message.tag == tag && (from == transport::kAnyRank || message.from == from);
  });
  if (found == unexpected_.end()) {
    posted_.push_back(operation.slot);
  } else {
    const Arrived message = std::move(*found);
    unexpected_.erase(found);
    fill(operation.slot, message);
  }
  return operation;
}

void Endpoint::arrive(Arrived message) {
  const auto found = std::ranges::find_if(posted_, [&](std::uint32_t number) {
    const Slot& slot = slots_[number];
    return slot.completion.tag == message.tag &&
           (slot.from == transport::kAnyRank || slot.from == message.from);
  });
  if (found == posted_.end()) {
    network_.on_unexpected(self_, message.bytes);
    unexpected_.push_back(std::move(message));
    return;
  }
  const std::uint32_t number = *found;
  posted_.erase(found);
  fill(number, message);
}

void Endpoint::fill(std::uint32_t number, const Arrived& message) {
  Slot& slot = slots_[number];
  const auto buffer = slot.completion.lease.message();
  slot.completion.peer = message.from;
  slot.completion.bytes = message.bytes.size();
  if (message.bytes.size() > buffer.size()) {
    return finish(number, boost::asio::error::message_size);
  }
  std::memcpy(buffer.data(), message.bytes.data(), message.bytes.size());
  finish(number, {});
}

void Endpoint::finish(std::uint32_t number, const transport::ErrorCode& error) {
  Slot& slot = slots_[number];
  slot.complete = true;
  slot.error = error;
  untold_.push_back({number, slot.generation});
  on_ready();
}

bool Endpoint::tell_one() {
  if (untold_.empty()) return false;
  std::swap(untold_[network_.world().number(untold_.size() - 1)], untold_.back());
  const Operation operation = untold_.back();
  untold_.pop_back();
  slots_[operation.slot].told = true;
  const Slot& slot = slots_[operation.slot];
  const auto message = slot.completion.lease
                           ? slot.completion.lease.message().first(slot.completion.bytes)
                           : std::span<std::byte>{};
  if (slot.receive && !message.empty()) network_.on_told(self_, message);
  if (slot.receive && network_.speeds) {
    ++traffic_.received;
    traffic_.received_bytes += chunk_bytes(message);
  }
  collect(operation.slot);
  return true;
}

void Endpoint::collect(std::uint32_t number) {
  Slot& slot = slots_[number];
  if (slot.waiting == nullptr && !slot.detached) return;
  transport::WaitOperation* const waiting = std::exchange(slot.waiting, nullptr);
  transport::Completion completion = std::move(slot.completion);
  const transport::ErrorCode error = slot.error;
  const std::uint32_t generation = slot.generation + 1;
  slot = Slot{};
  slot.generation = generation;
  free_.push_back(number);
  if (waiting != nullptr) waiting->complete(arena_, error, std::move(completion));
}

void Endpoint::wait(Operation operation, transport::WaitOperation& waiting) {
  assert(knows(operation) && slots_[operation.slot].waiting == nullptr);
  slots_[operation.slot].waiting = &waiting;
  if (slots_[operation.slot].told) collect(operation.slot);
}

void Endpoint::cancel(Operation operation) {
  if (!knows(operation) || slots_[operation.slot].complete) return;
  Slot& slot = slots_[operation.slot];
  if (slot.receive) {
    std::erase(posted_, operation.slot);
    return finish(operation.slot, boost::asio::error::operation_aborted);
  }
  slot.detached = true;
  if (auto* const waiting = std::exchange(slot.waiting, nullptr)) {
    waiting->complete(arena_, boost::asio::error::operation_aborted,
                      {.peer = slot.completion.peer, .tag = slot.completion.tag, .lease = {}});
  }
}

// A small message is often copied at once, others are read from their buffer when they arrive: who
// changes a buffer before its send has completed damages them.
void Network::send(Endpoint& from, std::uint32_t slot, Rank to, int tag) {
  const Operation operation{slot, from.slots_[slot].generation};
  Time& last = last_[{from.self_.value, to.value, tag}];
  const std::size_t bytes = from.slots_[slot].bytes;
  const auto message = from.slots_[slot].completion.lease.message().first(bytes);
  last = std::max(last, arrival(from, to, message));
  if (from.cut_off_) return;
  on_send(from.self_, to, tag, message);
  std::vector<std::byte> copy;
  if (!speeds && bytes <= 8192 && world_.chance(0.5)) {
    copy.assign(message.begin(), message.end());
    world_.after(completion_delay(), [this, rank = from.self_, operation] {
      const auto found = endpoints_.find(rank.value);
      if (found != endpoints_.end() && found->second->knows(operation)) {
        found->second->finish(operation.slot, {});
      }
    });
  }
  world_.at(last, [this, rank = from.self_, operation, to, tag, early = std::move(copy)]() mutable {
    deliver(rank, operation, to, tag, std::move(early));
  });
}

Time Network::arrival(Endpoint& from, Rank to, std::span<const std::byte> message) {
  if (!speeds) return world_.now() + world_.duration(least_delay, most_delay);
  const Duration on_the_wire = speeds->of(chunk_bytes(message), 1 / speeds->nic);
  from.send_free_ = std::max(from.send_free_, world_.now()) + on_the_wire;
  const auto receiver = endpoints_.find(to.value);
  if (receiver == endpoints_.end()) return from.send_free_ + speeds->latency;
  Time& free = receiver->second->receive_free_;
  free = std::max(free + on_the_wire, from.send_free_ + speeds->latency);
  return free;
}

// A send whose message was copied completes soon, or long after its message was answered.
Duration Network::completion_delay() {
  constexpr Duration kLong = std::chrono::milliseconds{20};
  return world_.duration(least_delay,
                         world_.chance(0.05) ? std::max(kLong, most_delay) : most_delay);
}

void Network::deliver(Rank from, Operation send, Rank to, int tag, std::vector<std::byte> message) {
  const auto receiver = endpoints_.find(to.value);
  if (receiver != endpoints_.end() && receiver->second->cut_off_) return;
  if (message.empty()) {
    const auto sender = endpoints_.find(from.value);
    if (sender == endpoints_.end() || !sender->second->knows(send)) return;
    const auto bytes = sender->second->slots_[send.slot].completion.lease.message().first(
        sender->second->slots_[send.slot].bytes);
    message.assign(bytes.begin(), bytes.end());
    sender->second->finish(send.slot, {});
  }
  if (receiver == endpoints_.end()) return;
  on_arrival(from, to, tag, message);
  if (copies(message)) {
    world_.after(world_.duration(least_delay, 2 * most_delay), [this, from, to, tag, message] {
      const auto found = endpoints_.find(to.value);
      if (found != endpoints_.end()) found->second->arrive({from, tag, message});
    });
  }
  receiver->second->arrive({from, tag, std::move(message)});
}

}  // namespace mpiferry::simulation

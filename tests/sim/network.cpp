#include "tests/sim/network.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "engine/wire/digest.hpp"
#include "engine/wire/header.hpp"
#include "tests/sim/message.hpp"

namespace mpiferry::sim {
namespace {

std::uint64_t fingerprint(const std::vector<std::byte>& bytes) {
  return wire::chunk_digest(std::as_bytes(std::span{bytes}));
}

bool is_kind(const std::vector<std::byte>& bytes, wire::Kind kind) {
  const auto header = wire::decode(bytes);
  return header && header->kind == kind;
}

template <class T>
std::size_t put_into(std::vector<T>& slots, std::vector<std::size_t>& free, T value) {
  if (free.empty()) {
    slots.push_back(std::move(value));
    return slots.size() - 1;
  }
  const std::size_t slot = free.back();
  free.pop_back();
  slots[slot] = std::move(value);
  return slot;
}

}  // namespace

Network::Network(World& world, Trace& trace, Faults& faults, const Scenario& scenario, Link link,
                 Random random)
    : world_(world),
      trace_(trace),
      faults_(faults),
      scenario_(scenario),
      link_(std::move(link)),
      random_(random),
      ends_(scenario.workers + 1),
      channels_(scenario.workers + 1) {}

void Network::isend(Rank from, Rank to, wire::Tag tag, Buffer& buffer, SentHandler handler) {
  Message message{.from = from, .to = to, .tag = tag, .bytes = buffer.bytes()};
  buffer.lend();
  ++ends_[index(from)].sending;
  const bool chunk = is_kind(message.bytes, wire::Kind::chunk);
  const bool eager = !chunk || random_.one_in(scenario_.one_eager_in);
  const std::size_t sending = put_into(sendings_, free_sendings_,
                                       {.from = from,
                                        .buffer = &buffer,
                                        .fingerprint = fingerprint(message.bytes),
                                        .handler = std::move(handler)});
  trace_("rank {} -> {}  {}", from.value, to.value, name_of(message));
  if (eager) {
    complete(sending, true, random_.up_to(scenario_.late));
  } else {
    message.waited_for_by = sending;
  }
  tamper(message);
  if (on_strike) faults_.on(Occasion::message, kNoRank, on_strike);

  Time& last = channel(message).last_arrival;
  const double size =
      chunk ? static_cast<double>(kHeaderSize) +
                  static_cast<double>(message.bytes.size() - kHeaderSize) * scenario_.size_factor
            : static_cast<double>(message.bytes.size());
  last = std::max(last, link_.arrival(world_.now(), from, to, size, random_));
  travel(std::move(message), last);
}

// Plays the faults of the wire. MPI has taken its copy already: the sender's buffer stays whole.
void Network::tamper(Message& message) {
  const auto header = wire::decode(message.bytes);
  if (!header) return;
  const auto strike = [&](const Plan& plan) {
    if (plan.fault == Fault::payload_damaged) {
      cursed_from_ = header->chunk.value;
      curses_ = plan.size;
      return;
    }
    faults_.happened(plan.fault);
    trace_("FAULT: {}, rank {} -> {}", fault_name(plan.fault), message.from.value,
           message.to.value);
    switch (plan.fault) {
      case Fault::header_damaged:
        return flip(message.bytes, 0, kHeaderSize);
      case Fault::acks_damaged:
      case Fault::control_damaged:
        return flip(message.bytes, 0, message.bytes.size());
      case Fault::message_cut:
        return message.bytes.resize(random_.below(message.bytes.size()));
      case Fault::chunk_duplicated:
      case Fault::acks_duplicated:
        return inject(message);
      case Fault::stray_message: {
        Message rerouted = message;
        if (rerouted.bytes.size() < kHeaderSize) return;  // cut by another fault
        wire::Header other = *header;
        ++other.job_id;
        wire::encode(other, std::span{rerouted.bytes}.first<kHeaderSize>());
        return inject(std::move(rerouted));
      }
      default:
        return;
    }
  };
  switch (header->kind) {
    case wire::Kind::chunk:
      faults_.on(Occasion::chunk, message.to, strike);
      if (is_cursed(*header)) {
        faults_.happened(Fault::payload_damaged);
        trace_("FAULT: {}, chunk {}", fault_name(Fault::payload_damaged), header->chunk.value);
        flip(message.bytes, kHeaderSize, message.bytes.size());
      }
      break;
    case wire::Kind::acks:
      faults_.on(Occasion::acks, message.from, strike);
      break;
    default:
      faults_.on(Occasion::control, message.to, strike);
      break;
  }
}

bool Network::is_cursed(const wire::Header& header) const {
  return header.chunk.value >= cursed_from_ && (header.chunk.value - cursed_from_) % 3 == 0 &&
         header.attempt < curses_;
}

void Network::flip(std::vector<std::byte>& bytes, std::size_t first, std::size_t last) {
  const std::size_t at = first + random_.below(last - first);
  bytes[at] ^= std::byte{1} << random_.below(8);
}

// A message that nobody sent, or sent only once: it keeps no order.
void Network::inject(Message message) {
  message.waited_for_by = kNothing;
  travel(std::move(message),
         world_.now() + scenario_.latency + random_.up_to(100 * scenario_.latency));
}

void Network::travel(Message message, Time arrival) {
  const std::size_t slot = put_into(on_their_way_, free_messages_, std::move(message));
  world_.after(arrival - world_.now(), kNoRank, [this, slot] {
    Message here = std::move(on_their_way_[slot]);
    free_messages_.push_back(slot);
    arrive(std::move(here));
  });
}

void Network::arrive(Message message) {
  if (!world_.alive(message.to)) {
    if (message.waited_for_by != kNothing && scenario_.lost_ranks_are_noticed) {
      complete(message.waited_for_by, false, scenario_.latency);
    }
    return;
  }
  Channel& way = channel(message);
  if (!world_.alive(message.from) && random_.one_in(2)) way.cut = true;
  if (way.cut) return;
  Box& here = box(message.to, message.tag);
  const auto fits = [&](const Receive& receive) {
    return receive.from == kNoRank || receive.from == message.from;
  };
  const auto found = std::ranges::find_if(here.posted, fits);
  if (found != here.posted.end()) {
    Receive receive = std::move(*found);
    here.posted.erase(found);
    return deliver(std::move(message), std::move(receive));
  }
  trace_("rank {} has no receive for what rank {} sent", message.to.value, message.from.value);
  if (is_kind(message.bytes, wire::Kind::chunk)) {
    require(faults_.has(Fault::chunk_duplicated) || faults_.has(Fault::stray_message),
            Invariant::chunks_find_a_receive, "a chunk came to rank {}, which has no receive left",
            message.to.value);
  }
  here.unexpected.push_back(std::move(message));
}

void Network::deliver(Message message, Receive receive) {
  receive.into->bytes_for_mpi() = std::move(message.bytes);
  if (message.waited_for_by != kNothing) {
    complete(message.waited_for_by, true, random_.up_to(scenario_.late));
  }
  world_.after(random_.up_to(scenario_.poll), message.to,
               [from = message.from, receive = std::move(receive)] {
                 receive.into->give_back();
                 receive.handler({.from = from});
               });
}

void Network::complete(std::size_t sending, bool sent, Duration delay) {
  // Copied by then: a buffer whose bytes have changed meanwhile was touched too early.
  world_.after(delay + random_.up_to(scenario_.poll), sendings_[sending].from,
               [this, sending, sent] {
                 Sending done = std::move(sendings_[sending]);
                 free_sendings_.push_back(sending);
                 require(fingerprint(done.buffer->bytes_for_mpi()) == done.fingerprint,
                         Invariant::lent_is_untouched, "rank {} changed what it was sending",
                         done.from.value);
                 --ends_[index(done.from)].sending;
                 done.buffer->give_back();
                 done.handler(sent);
               });
}

Network::ReceiveId Network::irecv(Rank at, Rank from, wire::Tag tag, Buffer& buffer,
                                  ReceivedHandler handler) {
  buffer.lend();
  Box& here = box(at, tag);
  Receive receive{
      .id = next_receive_++, .from = from, .into = &buffer, .handler = std::move(handler)};
  const ReceiveId id = receive.id;
  const auto fits = [&](const Message& message) { return from == kNoRank || message.from == from; };
  const auto found = std::ranges::find_if(here.unexpected, fits);
  if (found == here.unexpected.end()) {
    here.posted.push_back(std::move(receive));
    return id;
  }
  Message message = std::move(*found);
  here.unexpected.erase(found);
  deliver(std::move(message), std::move(receive));
  return id;
}

void Network::cancel(Rank at, wire::Tag tag, ReceiveId id) {
  Box& here = box(at, tag);
  const auto found = std::ranges::find(here.posted, id, &Receive::id);
  if (found == here.posted.end()) return;  // it has its message
  world_.after(random_.up_to(scenario_.poll), at, [receive = std::move(*found)] {
    receive.into->give_back();
    receive.handler({.cancelled = true});
  });
  here.posted.erase(found);
}

std::string Network::name_of(const Message& message) const {
  if (!trace_.on()) return {};
  return describe_message(message.bytes);
}

}  // namespace mpiferry::sim

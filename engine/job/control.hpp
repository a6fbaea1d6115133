// The small messages around the chunks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/base/buffer_pool.hpp"
#include "engine/base/result.hpp"
#include "engine/job/task.hpp"
#include "engine/transport/transport.hpp"
#include "engine/wire/digest.hpp"
#include "engine/wire/header.hpp"
#include "engine/wire/job.hpp"
#include "engine/wire/tag.hpp"

namespace mpiferry::job {

using transport::Completion;
using transport::ErrorCode;
using transport::Operation;
using transport::Transport;

inline constexpr int kDataTag = static_cast<int>(wire::Tag::data);
inline constexpr int kStatusTag = static_cast<int>(wire::Tag::status);

// Is told what fails after the call that began it.
using OnError = std::function<void(Failure)>;

// Starts to send a message whose payload, header.length bytes, lies in the lease: fills in its
// digest and the header. Chunks have a digest already, and do not come here.
Operation send_sealed(Transport& transport, wire::Header header, Lease lease, Rank to,
                      wire::Tag tag);

// Sends control messages and forgets them; what fails later is told to `on_error`.
class ControlSender {
 public:
  // `messages`: how many may be under way at once, received ones included.
  // `changed` is notified when one has left.
  ControlSender(Transport& transport, std::size_t messages, Event& changed, OnError on_error);

  template <class Message>
  void send(Rank to, wire::Tag tag, wire::Kind kind, std::uint64_t job_id, const Message& message) {
    using wire::encode;  // and what is declared later, with the message
    Lease lease = acquire();
    const auto length = encode(message, lease.payload());
    if (!length) return on_error_(length.error());
    post(to, tag, {.kind = kind, .job_id = job_id, .length = {*length}}, std::move(lease));
  }

  // A buffer in which a control message can be received.
  Lease acquire();
  // To whom messages have not left, by rank.
  std::vector<Rank> unsent() const;

 private:
  struct Sent {
    ControlSender* self;
    Rank to;
    void operator()(const ErrorCode& error, const Completion& completion) const;
  };
  void post(Rank to, wire::Tag tag, wire::Header header, Lease lease);

  Transport& transport_;
  BufferPool pool_;
  Event& changed_;
  OnError on_error_;
  std::vector<std::size_t> sending_;  // by rank
};

// Sends messages that say all in their header, on the status tag. Must outlive them.
class NoticeSender {
 public:
  // To the ranks below `ranks`. `changed` is notified when one has left.
  NoticeSender(Transport& transport, int ranks, Event& changed, OnError on_error);

  // False if the last one to this rank is still under way: one that takes nothing gets no heap of
  // them.
  bool send(Rank to, wire::Kind kind, std::uint64_t job_id);

 private:
  struct Sent {
    NoticeSender* self;
    Rank to;
    void operator()(const ErrorCode& error, Completion completion) const;
  };

  Transport& transport_;
  Event& changed_;
  OnError on_error_;
  std::size_t ranks_;
  std::optional<BufferPool> pool_;  // few jobs last so long that they need any
  std::vector<bool> under_way_;     // by rank
};

// A message that has arrived.
struct Message {
  wire::Header header;
  std::span<std::byte> payload;  // valid as long as the completion's lease

  // Whether the payload has the digest that the header promises.
  bool intact() const noexcept;
};
// Header decoded, job id compared (0 matches any; a failure that came before the job has none).
Result<Message> read_message(const Completion& completion, std::uint64_t job_id);
// The same of a message whose payload must be intact: bad_payload_digest.
Result<Message> open_message(const Completion& completion, std::uint64_t job_id);

}  // namespace mpiferry::job

// The small messages around the chunks: job, ready, end, closed, failed.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>

#include "engine/base/buffer_pool.hpp"
#include "engine/base/result.hpp"
#include "engine/mpi/mpi_context.hpp"
#include "engine/wire/digest.hpp"
#include "engine/wire/header.hpp"
#include "engine/wire/job.hpp"
#include "engine/wire/tag.hpp"

namespace mpiferry::roles {

inline constexpr int kDataTag = static_cast<int>(wire::Tag::data);
inline constexpr int kStatusTag = static_cast<int>(wire::Tag::status);

// Starts to send a message whose payload, header.length bytes, lies in the lease: fills in its
// digest and the header. Chunks have a digest already, and do not come here.
mpi::Operation send_sealed(mpi::MpiContext& context, const mpi::Communicator& communicator,
                           wire::Header header, Lease lease, Rank to, wire::Tag tag);

// Sends control messages and forgets them; what fails later is told to `on_error`.
class ControlSender {
 public:
  using OnError = std::function<void(Failure)>;

  // `peers`: how many messages may be under way at once.
  ControlSender(mpi::MpiContext& context, const mpi::Communicator& communicator, std::size_t peers,
                OnError on_error);

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

 private:
  struct Sent {
    ControlSender* self;
    void operator()(const mpi::ErrorCode& error, const mpi::Completion& completion) const;
  };
  void post(Rank to, wire::Tag tag, wire::Header header, Lease lease);

  mpi::MpiContext& context_;
  const mpi::Communicator& communicator_;
  BufferPool pool_;
  OnError on_error_;
};

// A message that has arrived.
struct Message {
  wire::Header header;
  std::span<std::byte> payload;  // valid as long as the completion's lease

  // Whether the payload has the digest that the header promises.
  bool intact() const noexcept;
};
// Header decoded, job id compared (0 matches any; a failure that came before the job has none).
Result<Message> read_message(const mpi::Completion& completion, std::uint64_t job_id);
// The same of a message whose payload must be intact: bad_payload_digest.
Result<Message> open_message(const mpi::Completion& completion, std::uint64_t job_id);

}  // namespace mpiferry::roles

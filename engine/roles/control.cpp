#include "engine/roles/control.hpp"

#include <stdexcept>

namespace mpiferry::roles {

mpi::Operation send_sealed(mpi::MpiContext& context, const mpi::Communicator& communicator,
                           wire::Header header, Lease lease, Rank to, wire::Tag tag) {
  const auto length = header.length.value;
  header.payload_digest = wire::chunk_digest(lease.payload().first(length));
  wire::encode(header, lease.header());
  return context.isend(communicator, std::move(lease), length, to, static_cast<int>(tag));
}

ControlSender::ControlSender(mpi::MpiContext& context, const mpi::Communicator& communicator,
                             std::size_t peers, OnError on_error)
    : context_(context),
      communicator_(communicator),
      pool_(wire::kControlPayload, peers),
      on_error_(std::move(on_error)) {}

Lease ControlSender::acquire() {
  auto lease = pool_.try_acquire();
  if (!lease) throw std::logic_error{"more control messages than the protocol has"};
  return std::move(*lease);
}

void ControlSender::post(Rank to, wire::Tag tag, wire::Header header, Lease lease) {
  const mpi::Operation operation =
      send_sealed(context_, communicator_, header, std::move(lease), to, tag);
  mpi::async_wait(context_, operation, Sent{this});
}

void ControlSender::Sent::operator()(const mpi::ErrorCode& error,
                                     const mpi::Completion& completion) const {
  if (error) self->on_error_(completion.failure(error));
}

namespace {

std::span<std::byte> bytes_of(const mpi::Completion& completion) {
  return completion.lease
      .message(completion.bytes < kHeaderSize ? 0 : completion.bytes - kHeaderSize)
      .first(completion.bytes);
}

}  // namespace

Result<Message> read_message(const mpi::Completion& completion, std::uint64_t job_id) {
  const std::span<std::byte> bytes = bytes_of(completion);
  auto header = wire::decode(bytes);
  if (!header) return std::move(header.error());
  const bool early_failure = header->kind == wire::Kind::failed && header->job_id == 0;
  if (job_id != 0 && header->job_id != job_id && !early_failure) {
    return Failure{.code = Errc::unexpected_message, .detail = "a message of another job"};
  }
  return Message{*header, bytes.subspan(kHeaderSize)};
}

bool Message::intact() const noexcept {
  return payload.size() == header.length.value &&
         wire::chunk_digest(payload) == header.payload_digest;
}

Result<Message> open_message(const mpi::Completion& completion, std::uint64_t job_id) {
  auto message = read_message(completion, job_id);
  if (message && !message->intact()) return Failure{.code = Errc::bad_payload_digest};
  return message;
}

}  // namespace mpiferry::roles

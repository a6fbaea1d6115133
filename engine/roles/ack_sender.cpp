#include "engine/roles/ack_sender.hpp"

#include <utility>

#include "engine/wire/ack.hpp"
#include "engine/wire/digest.hpp"
#include "engine/wire/header.hpp"

namespace mpiferry::roles {
namespace {

// Messages under way. When all are, acks wait and share the next one.
constexpr std::size_t kAckMessages = 4;

}  // namespace

AckSender::AckSender(mpi::MpiContext& context, const mpi::Communicator& communicator,
                     std::uint32_t window, std::uint64_t job_id, Event& changed,
                     ControlSender::OnError on_error)
    : context_(context),
      communicator_(communicator),
      job_id_(job_id),
      changed_(changed),
      on_error_(std::move(on_error)),
      batch_(window),
      pool_(Bytes{window * wire::kAckSize}, kAckMessages) {}

void AckSender::give(const wire::Ack& ack) {
  batch_.add(ack);
  if (batch_.urgent()) {
    send();
  } else if (!flush_posted_) {
    flush_posted_ = true;
    boost::asio::post(context_.io(), Flush{this});
  }
}

void AckSender::Flush::operator()() const {
  self->flush_posted_ = false;
  self->send();
}

void AckSender::send() {
  if (batch_.empty()) return;
  auto lease = pool_.try_acquire();
  if (!lease) return;  // Sent calls again
  std::span<std::byte> out = lease->payload();
  for (const wire::Ack& ack : batch_.pending()) {
    wire::encode(ack, out.first<wire::kAckSize>());
    out = out.subspan(wire::kAckSize);
  }
  const std::size_t length = batch_.pending().size() * wire::kAckSize;
  batch_.clear();
  ++messages_;
  const mpi::Operation operation = send_sealed(
      context_, communicator_, {.kind = wire::Kind::acks, .job_id = job_id_, .length = {length}},
      std::move(*lease), kMaster, wire::Tag::status);
  mpi::async_wait(context_, operation, Sent{this});
}

void AckSender::Sent::operator()(const mpi::ErrorCode& error, mpi::Completion completion) const {
  if (error) self->on_error_(completion.failure(error));
  completion.lease.reset();
  self->send();
  self->changed_.notify();
}

}  // namespace mpiferry::roles

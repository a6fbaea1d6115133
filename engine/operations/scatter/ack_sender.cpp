#include "engine/operations/scatter/ack_sender.hpp"

#include <utility>

#include "engine/wire/ack.hpp"
#include "engine/wire/header.hpp"

namespace mpiferry::operations {
namespace {

// Messages under way. When all are, acks wait and share the next one.
constexpr std::size_t kAckMessages = 4;

}  // namespace

AckSender::AckSender(const job::WorkerContext& context, std::uint32_t window)
    : context_(context), batch_(window), pool_(Bytes{window * wire::kAckSize}, kAckMessages) {}

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
  const job::Operation operation =
      job::send_sealed(context_.transport(),
                       {.kind = wire::Kind::acks, .job_id = context_.job_id, .length = {length}},
                       std::move(*lease), context_.upstream(), wire::Tag::status);
  async_wait(context_.transport(), operation, Sent{this});
}

void AckSender::Sent::operator()(const job::ErrorCode& error, job::Completion completion) const {
  if (error) self->context_.fail(completion.failure(error));
  completion.lease.reset();
  self->send();
  self->context_.changed.notify();
}

}  // namespace mpiferry::operations

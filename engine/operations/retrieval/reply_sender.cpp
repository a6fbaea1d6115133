#include "engine/operations/retrieval/reply_sender.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include "engine/plan/chunk_plan.hpp"

namespace mpiferry::operations {
namespace {

constexpr std::size_t kMessages = 8;

}  // namespace

ReplySender::ReplySender(const job::WorkerContext& context, const wire::RetrievalJob& job,
                         job::Event& sent)
    : context_(context),
      job_(job),
      sent_(sent),
      faults_(job.faults, context.self()),
      messages_(wire::kControlPayload, kMessages) {}

void ReplySender::deliver(const wire::ReadRequest& request, const wire::ReadReply& reply,
                          Bytes length, Lease lease) {
  // After the digest was made: what happens on the way is what it is there for.
  faults_.play(request.chunk, lease.payload().first(length.value));
  wire::Header header{.kind = wire::Kind::chunk,
                      .job_id = context_.job_id,
                      .chunk = request.chunk,
                      .offset = plan::offset(request.chunk, job_.chunk_size),
                      .length = length,
                      .attempt = request.attempt,
                      .payload_digest = reply.digest};
  wire::encode(header, lease.header());
  on_sent(context_.transport().isend(std::move(lease), length.value, context_.upstream(),
                                     job::kStatusTag));
}

void ReplySender::reply(const wire::ReadReply& reply) {
  if (!job_.deliver) faults_.play(reply.chunk, {});  // deliver() plays them where it may damage
  waiting_.push_back(reply);
  if (job_.deliver || waiting_.size() >= std::max<std::size_t>(1, job_.window / 4)) flush();
}

void ReplySender::flush() {
  const std::size_t most = job_.deliver ? 1 : wire::kControlPayload.value / wire::kReadReplySize;
  while (!waiting_.empty()) {
    auto lease = messages_.try_acquire();
    if (!lease) return;  // Sent calls again
    const std::size_t count = std::min(waiting_.size(), most);
    std::span<std::byte> out = lease->payload();
    for (std::size_t i = 0; i < count; ++i) {
      wire::encode(waiting_[i], out.first<wire::kReadReplySize>());
      out = out.subspan(wire::kReadReplySize);
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
    send({.kind = wire::Kind::read_replies, .length = {count * wire::kReadReplySize}},
         std::move(*lease));
  }
}

void ReplySender::send(wire::Header header, Lease lease) {
  header.job_id = context_.job_id;
  on_sent(job::send_sealed(context_.transport(), header, std::move(lease), context_.upstream(),
                           wire::Tag::status));
}

void ReplySender::on_sent(const job::Operation& operation) {
  async_wait(context_.transport(), operation, Sent{this});
}

void ReplySender::Sent::operator()(const job::ErrorCode& error, job::Completion completion) const {
  if (error) self->context_.fail(completion.failure(error));
  completion.lease.reset();
  self->sent_.notify();
  self->context_.changed.notify();
}

}  // namespace mpiferry::operations

#include "engine/job/control.hpp"

#include <stdexcept>

namespace mpiferry::job {

Operation send_sealed(Transport& transport, wire::Header header, Lease lease, Rank to,
                      wire::Tag tag) {
  const auto length = header.length.value;
  header.payload_digest = wire::chunk_digest(lease.payload().first(length));
  wire::encode(header, lease.header());
  return transport.isend(std::move(lease), length, to, static_cast<int>(tag));
}

ControlSender::ControlSender(Transport& transport, std::size_t messages, Event& changed,
                             OnError on_error)
    : transport_(transport),
      pool_(wire::kControlPayload, messages),
      changed_(changed),
      on_error_(std::move(on_error)),
      sending_(static_cast<std::size_t>(transport.size())) {}

std::vector<Rank> ControlSender::unsent() const {
  std::vector<Rank> ranks;
  for (std::size_t i = 0; i < sending_.size(); ++i) {
    if (sending_[i] > 0) ranks.push_back(Rank{static_cast<int>(i)});
  }
  return ranks;
}

Lease ControlSender::acquire() {
  auto lease = pool_.try_acquire();
  if (!lease) throw std::logic_error{"more control messages than the protocol has"};
  return std::move(*lease);
}

void ControlSender::post(Rank to, wire::Tag tag, wire::Header header, Lease lease) {
  ++sending_[static_cast<std::size_t>(to.value)];
  const Operation operation = send_sealed(transport_, header, std::move(lease), to, tag);
  async_wait(transport_, operation, Sent{this, to});
}

void ControlSender::Sent::operator()(const ErrorCode& error, const Completion& completion) const {
  --self->sending_[static_cast<std::size_t>(to.value)];
  if (error) self->on_error_(completion.failure(error));
  self->changed_.notify();
}

NoticeSender::NoticeSender(Transport& transport, int ranks, Event& changed, OnError on_error)
    : transport_(transport),
      changed_(changed),
      on_error_(std::move(on_error)),
      ranks_(static_cast<std::size_t>(ranks)) {}

bool NoticeSender::send(Rank to, wire::Kind kind, std::uint64_t job_id) {
  if (!pool_) {
    pool_.emplace(1_B, ranks_);
    under_way_.resize(ranks_);
  }
  if (under_way_[static_cast<std::size_t>(to.value)]) return false;
  auto lease = pool_->try_acquire();
  if (!lease) return false;
  under_way_[static_cast<std::size_t>(to.value)] = true;
  const Operation operation =
      send_sealed(transport_, {.kind = kind, .job_id = job_id, .length = 0_B}, std::move(*lease),
                  to, wire::Tag::status);
  async_wait(transport_, operation, Sent{this, to});
  return true;
}

void NoticeSender::Sent::operator()(const ErrorCode& error, Completion completion) const {
  self->under_way_[static_cast<std::size_t>(to.value)] = false;
  if (error) self->on_error_(completion.failure(error));
  completion.lease.reset();
  self->changed_.notify();
}

namespace {

std::span<std::byte> bytes_of(const Completion& completion) {
  return completion.lease
      .message(completion.bytes < kHeaderSize ? 0 : completion.bytes - kHeaderSize)
      .first(completion.bytes);
}

}  // namespace

Result<Message> read_message(const Completion& completion, std::uint64_t job_id) {
  const std::span<std::byte> bytes = bytes_of(completion);
  auto header = wire::decode(bytes);
  if (!header) return std::move(header.error());
  const bool early_failure = header->kind == wire::Kind::failed && header->job_id == 0;
  if (job_id != 0 && header->job_id != job_id && !early_failure) {
    return Failure{.code = Errc::unexpected_message, .detail = "a message of another job"};
  }
  return Message{*header, bytes.subspan(kHeaderSize)};
}

bool Message::intact() const noexcept { return wire::payload_matches(header, payload); }

Result<Message> open_message(const Completion& completion, std::uint64_t job_id) {
  auto message = read_message(completion, job_id);
  if (message && !message->intact()) return Failure{.code = Errc::bad_payload_digest};
  return message;
}

}  // namespace mpiferry::job

#include "tests/sim/ack_sender.hpp"

#include <utility>

#include "tests/sim/message.hpp"

namespace mpiferry::sim {
namespace {

// Messages under way. When all are, acks wait and share the next one.
constexpr std::size_t kMessages = 4;

}  // namespace

AckSender::AckSender(const Setting& setting, Rank self, std::uint32_t window, std::uint64_t job_id,
                     std::function<void(bool)> on_sent)
    : setting_(setting),
      self_(self),
      job_id_(job_id),
      on_sent_(std::move(on_sent)),
      batch_(window),
      pool_(kMessages) {}

void AckSender::give(const wire::Ack& ack) {
  setting_.auditor.on_answer(self_, ack);
  batch_.add(ack);
  if (batch_.urgent()) {
    send();
  } else if (!flush_posted_) {
    flush_posted_ = true;
    setting_.world.after(Duration::zero(), self_, [this] {
      flush_posted_ = false;
      send();
    });
  }
}

void AckSender::send() {
  if (batch_.empty()) return;
  Buffer* buffer = pool_.try_acquire();
  if (buffer == nullptr) return;  // the next completion calls again
  std::vector<std::byte> payload(batch_.pending().size() * wire::kAckSize);
  std::span<std::byte> out{payload};
  for (const wire::Ack& ack : batch_.pending()) {
    wire::encode(ack, out.first<wire::kAckSize>());
    out = out.subspan(wire::kAckSize);
  }
  batch_.clear();
  put_message(buffer->bytes(), {.kind = wire::Kind::acks, .job_id = job_id_}, payload);
  ++messages_;
  setting_.network.isend(self_, kMaster, wire::Tag::status, *buffer, [this, buffer](bool sent) {
    pool_.release(*buffer);
    send();
    on_sent_(sent);
  });
}

}  // namespace mpiferry::sim

#include "tests/sim/message.hpp"

#include <fmt/format.h>

#include "engine/wire/ack.hpp"
#include "engine/wire/held_chunks_message.hpp"

namespace mpiferry::sim {
namespace {

std::string describe_ack(const wire::Ack& ack) {
  switch (ack.status) {
    case wire::AckStatus::written:
      return fmt::format("{} written", ack.chunk.value);
    case wire::AckStatus::corrupt:
      return fmt::format("{} corrupt", ack.chunk.value);
    case wire::AckStatus::write_failed:
      return fmt::format("{} {} failed", ack.chunk.value, wire::call_name(ack.call));
  }
  return "?";
}

std::string describe_acks(std::span<const std::byte> payload) {
  std::string text;
  for (; payload.size() >= wire::kAckSize; payload = payload.subspan(wire::kAckSize)) {
    const auto ack = wire::decode_ack(payload.first<wire::kAckSize>());
    text += text.empty() ? "" : ", ";
    text += ack ? describe_ack(*ack) : "?";
  }
  return "acks [" + text + "]";
}

}  // namespace

Result<OpenMessage> open_message(std::span<const std::byte> bytes, std::uint64_t job_id) {
  auto header = wire::decode(bytes);
  if (!header) return std::move(header.error());
  const bool early_failure = header->kind == wire::Kind::failed && header->job_id == 0;
  if (job_id != 0 && header->job_id != job_id && !early_failure) {
    return Failure{.code = Errc::unexpected_message, .detail = "a message of another job"};
  }
  if (!wire::payload_matches(*header, bytes)) return Failure{.code = Errc::bad_payload_digest};
  return OpenMessage{*header, bytes.subspan(kHeaderSize)};
}

std::string describe_message(std::span<const std::byte> bytes) {
  const auto header = wire::decode(bytes);
  if (!header) return fmt::format("what is no message ({})", error_name(header.error().code));
  const auto payload = bytes.subspan(kHeaderSize);
  switch (header->kind) {
    case wire::Kind::job:
      return "job";
    case wire::Kind::chunk:
      return fmt::format("chunk {}, attempt {}{}", header->chunk.value, header->attempt,
                         wire::payload_matches(*header, bytes) ? "" : ", damaged");
    case wire::Kind::end: {
      const auto end = wire::decode_end(payload);
      return end ? fmt::format("end, {}", error_name(end->verdict)) : "end, damaged";
    }
    case wire::Kind::ready:
      return "ready";
    case wire::Kind::acks:
      return describe_acks(payload);
    case wire::Kind::failed:
      return fmt::format("failed, {}", error_name(wire::decode_failure(payload).code));
    case wire::Kind::closed:
      return "closed";
    case wire::Kind::held_chunks: {
      const auto report = wire::decode_held_chunks(payload);
      if (!report) return "inventory, damaged";
      if (report->looked_at == wire::kAllLookedAt) {
        return fmt::format("inventory, {} and all the rest: {} held", report->first,
                           report->held.size());
      }
      return fmt::format("inventory, {} to {}: {} held", report->first, report->looked_at,
                         report->held.size());
    }
    default:
      break;  // of jobs that are not played here
  }
  return fmt::format("kind {}", static_cast<int>(header->kind));
}

}  // namespace mpiferry::sim

#include "engine/wire/ack.hpp"

#include "engine/wire/byte_order.hpp"
#include "engine/wire/refusal.hpp"

namespace mpiferry::wire {
namespace {

// Where each field starts; docs/protocol.md shows the same table.
constexpr std::size_t kChunkAt = 0;
constexpr std::size_t kAttemptAt = 8;
constexpr std::size_t kStatusAt = 12;
constexpr std::size_t kCallAt = 14;
constexpr std::size_t kErrnoAt = 16;
constexpr std::size_t kReservedAt = 20;

Failure bad_field(const char* detail) { return refusal(Errc::bad_field, detail); }

}  // namespace

const char* call_name(WriteCall call) noexcept {
  switch (call) {
    case WriteCall::none:
      return "";
    case WriteCall::open:
      return "open";
    case WriteCall::write:
      return "pwrite";
    case WriteCall::sync:
      return "fsync";
    case WriteCall::rename:
      return "rename";
  }
  return "";
}

void encode(const Ack& ack, std::span<std::byte, kAckSize> out) noexcept {
  put<kChunkAt>(out, ack.chunk.value);
  put<kAttemptAt>(out, ack.attempt);
  put<kStatusAt>(out, static_cast<std::uint16_t>(ack.status));
  put<kCallAt>(out, static_cast<std::uint16_t>(ack.call));
  put<kErrnoAt>(out, static_cast<std::uint32_t>(ack.system_errno));
  put<kReservedAt>(out, std::uint32_t{0});
}

Result<Ack> decode_ack(std::span<const std::byte, kAckSize> in) {
  const auto status = take<kStatusAt, std::uint16_t>(in);
  const auto call = take<kCallAt, std::uint16_t>(in);
  if (status > static_cast<std::uint16_t>(AckStatus::write_failed)) {
    return bad_field("ack: an unknown status");
  }
  if (call > static_cast<std::uint16_t>(WriteCall::rename))
    return bad_field("ack: an unknown call");
  if (take<kReservedAt, std::uint32_t>(in) != 0) {
    return bad_field("ack: the reserved bytes must be 0");
  }

  Ack ack;
  ack.chunk.value = take<kChunkAt, std::uint64_t>(in);
  ack.attempt = take<kAttemptAt, std::uint32_t>(in);
  ack.status = static_cast<AckStatus>(status);
  ack.call = static_cast<WriteCall>(call);
  ack.system_errno = static_cast<std::int32_t>(take<kErrnoAt, std::uint32_t>(in));

  if (ack.system_errno < 0) return bad_field("ack: a negative errno");
  if (ack.status != AckStatus::write_failed &&
      (ack.system_errno != 0 || ack.call != WriteCall::none)) {
    return bad_field("ack: an errno or a call although no write failed");
  }
  return ack;
}

}  // namespace mpiferry::wire

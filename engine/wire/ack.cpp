#include "engine/wire/ack.hpp"

#include "engine/wire/byte_order.hpp"
#include "engine/wire/refusal.hpp"

namespace mpiferry::wire {
namespace {

// Where each field starts; docs/reference/protocol.md shows the same table.
struct AckAt {
  static constexpr std::size_t kChunk = 0;
  static constexpr std::size_t kAttempt = 8;
  static constexpr std::size_t kStatus = 12;
  static constexpr std::size_t kCall = 14;
  static constexpr std::size_t kSystemErrno = 16;
  static constexpr std::size_t kReserved = 20;
};

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
    case WriteCall::append:
      return "write";
    case WriteCall::truncate:
      return "ftruncate";
    case WriteCall::close:
      return "close";
    case WriteCall::allocate:
      return "fallocate";
    case WriteCall::stat:
      return "fstat";
    case WriteCall::attributes:
      return "fchmod, fchown or futimens";
  }
  return "";
}

void encode(const Ack& ack, std::span<std::byte, kAckSize> out) noexcept {
  put<AckAt::kChunk>(out, ack.chunk.value);
  put<AckAt::kAttempt>(out, ack.attempt);
  put<AckAt::kStatus>(out, static_cast<std::uint16_t>(ack.status));
  put<AckAt::kCall>(out, static_cast<std::uint16_t>(ack.call));
  put<AckAt::kSystemErrno>(out, static_cast<std::uint32_t>(ack.system_errno));
  put<AckAt::kReserved>(out, std::uint32_t{0});
}

Result<Ack> decode_ack(std::span<const std::byte, kAckSize> in) {
  const auto status = take<AckAt::kStatus, std::uint16_t>(in);
  const auto call = take<AckAt::kCall, std::uint16_t>(in);
  if (status > static_cast<std::uint16_t>(AckStatus::write_failed)) {
    return bad_field("ack: an unknown status");
  }
  if (call > static_cast<std::uint16_t>(kLastWriteCall)) return bad_field("ack: an unknown call");
  if (take<AckAt::kReserved, std::uint32_t>(in) != 0) {
    return bad_field("ack: the reserved bytes must be 0");
  }

  Ack ack;
  ack.chunk.value = take<AckAt::kChunk, std::uint64_t>(in);
  ack.attempt = take<AckAt::kAttempt, std::uint32_t>(in);
  ack.status = static_cast<AckStatus>(status);
  ack.call = static_cast<WriteCall>(call);
  ack.system_errno = static_cast<std::int32_t>(take<AckAt::kSystemErrno, std::uint32_t>(in));

  if (ack.system_errno < 0) return bad_field("ack: a negative errno");
  if (ack.status != AckStatus::write_failed &&
      (ack.system_errno != 0 || ack.call != WriteCall::none)) {
    return bad_field("ack: an errno or a call although no write failed");
  }
  return ack;
}

}  // namespace mpiferry::wire

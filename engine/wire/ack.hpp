// What a worker says about a chunk. Several acks share a message: 24 bytes each, little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"

namespace mpiferry::wire {

enum class AckStatus : std::uint16_t {
  written = 0,       // verified and written (with --fsync: durable)
  corrupt = 1,       // the digest did not match; nothing was written
  write_failed = 2,  // `call` and `system_errno` say why
};

// The call that a failed write failed in.
enum class WriteCall : std::uint16_t {
  none = 0,
  open = 1,
  write = 2,  // at an offset
  sync = 3,
  rename = 4,
  append = 5,
  truncate = 6,
  close = 7,  // an error that the file system (NFS, quotas) had put off
  allocate = 8,
  stat = 9,
  attributes = 10,  // mode, owner or times
};
inline constexpr WriteCall kLastWriteCall = WriteCall::attributes;
// "pwrite" and so on, as messages name it; "" for none.
const char* call_name(WriteCall call) noexcept;

struct Ack {
  ChunkIndex chunk;
  std::uint32_t attempt = 0;
  AckStatus status = AckStatus::written;
  WriteCall call = WriteCall::none;
  std::int32_t system_errno = 0;

  bool operator==(const Ack&) const = default;
};

inline constexpr std::size_t kAckSize = 24;

void encode(const Ack& ack, std::span<std::byte, kAckSize> out) noexcept;
// Refuses unknown statuses and calls, reserved bytes that are not 0, an errno or a call beside a
// status other than write_failed, and a negative errno (all bad_field).
Result<Ack> decode_ack(std::span<const std::byte, kAckSize> in);

}  // namespace mpiferry::wire

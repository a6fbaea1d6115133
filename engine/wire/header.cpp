#include "engine/wire/header.hpp"

#include "engine/wire/byte_order.hpp"
#include "engine/wire/digest.hpp"
#include "engine/wire/refusal.hpp"

namespace mpiferry::wire {
namespace {

// Where each field starts; docs/protocol.md shows the same table.
constexpr std::size_t kMagicAt = 0;
constexpr std::size_t kVersionAt = 4;
constexpr std::size_t kKindAt = 6;
constexpr std::size_t kJobIdAt = 8;
constexpr std::size_t kChunkAt = 16;
constexpr std::size_t kOffsetAt = 24;
constexpr std::size_t kLengthAt = 32;
constexpr std::size_t kAttemptAt = 40;
constexpr std::size_t kReservedAt = 44;
constexpr std::size_t kPayloadDigestAt = 48;
constexpr std::size_t kHeaderDigestAt = 56;

// File offsets are signed 64-bit numbers in POSIX; nothing that a disk holds ends behind this.
constexpr std::uint64_t kMaxEnd = std::uint64_t{1} << 63U;

bool is_known(Kind kind) noexcept {
  switch (kind) {
    case Kind::job:
    case Kind::chunk:
    case Kind::end:
    case Kind::ready:
    case Kind::acks:
    case Kind::failed:
    case Kind::closed:
    case Kind::recall:
    case Kind::requests:
    case Kind::holding:
    case Kind::findings:
    case Kind::extras:
    case Kind::inventory:
      return true;
  }
  return false;
}

}  // namespace

void encode(const Header& header, std::span<std::byte, kHeaderSize> out) noexcept {
  put<kMagicAt>(out, kMagic);
  put<kVersionAt>(out, kVersion);
  put<kKindAt>(out, static_cast<std::uint16_t>(header.kind));
  put<kJobIdAt>(out, header.job_id);
  put<kChunkAt>(out, header.chunk.value);
  put<kOffsetAt>(out, header.offset.value);
  put<kLengthAt>(out, header.length.value);
  put<kAttemptAt>(out, header.attempt);
  put<kReservedAt>(out, std::uint32_t{0});
  put<kPayloadDigestAt>(out, header.payload_digest);
  put<kHeaderDigestAt>(out, chunk_digest(out.first<kHeaderDigestAt>()));
}

Result<Header> decode(std::span<const std::byte> message) {
  if (message.size() < kHeaderSize) return refusal(Errc::bad_length);
  const auto in = message.first<kHeaderSize>();

  // Magic and version come before the digest: a stranger's message, or one of another version, is
  // whole in its own way and should be named for what it is.
  if (take<kMagicAt, std::uint32_t>(in) != kMagic) return refusal(Errc::bad_magic);
  if (take<kVersionAt, std::uint16_t>(in) != kVersion) return refusal(Errc::bad_version);
  if (take<kHeaderDigestAt, std::uint64_t>(in) != chunk_digest(in.first<kHeaderDigestAt>())) {
    return refusal(Errc::bad_header_digest);
  }

  Header header;
  header.kind = static_cast<Kind>(take<kKindAt, std::uint16_t>(in));
  header.job_id = take<kJobIdAt, std::uint64_t>(in);
  header.chunk.value = take<kChunkAt, std::uint64_t>(in);
  header.offset.value = take<kOffsetAt, std::uint64_t>(in);
  header.length.value = take<kLengthAt, std::uint64_t>(in);
  header.attempt = take<kAttemptAt, std::uint32_t>(in);
  header.payload_digest = take<kPayloadDigestAt, std::uint64_t>(in);

  if (!is_known(header.kind)) return refusal(Errc::bad_kind);
  if (header.length.value != message.size() - kHeaderSize || header.length > kMaxChunkSize) {
    return refusal(Errc::bad_length);
  }
  if (take<kReservedAt, std::uint32_t>(in) != 0) {
    return refusal(Errc::bad_field, "header: the reserved bytes must be 0");
  }
  if (header.offset.value > kMaxEnd - header.length.value) {
    return refusal(Errc::bad_field, "header: the chunk must not end beyond 2^63 bytes");
  }
  return header;
}

bool payload_matches(const Header& header, std::span<const std::byte> message) noexcept {
  if (message.size() < kHeaderSize) return false;
  const auto payload = message.subspan(kHeaderSize);
  return payload.size() == header.length.value && chunk_digest(payload) == header.payload_digest;
}

}  // namespace mpiferry::wire

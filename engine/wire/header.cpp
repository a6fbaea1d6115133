#include "engine/wire/header.hpp"

#include "engine/wire/byte_order.hpp"
#include "engine/wire/digest.hpp"
#include "engine/wire/refusal.hpp"

namespace mpiferry::wire {
namespace {

// Where each field starts; docs/reference/protocol.md shows the same table.
struct HeaderAt {
  static constexpr std::size_t kMagic = 0;
  static constexpr std::size_t kVersion = 4;
  static constexpr std::size_t kKind = 6;
  static constexpr std::size_t kJobId = 8;
  static constexpr std::size_t kChunk = 16;
  static constexpr std::size_t kOffset = 24;
  static constexpr std::size_t kLength = 32;
  static constexpr std::size_t kAttempt = 40;
  static constexpr std::size_t kReserved = 44;
  static constexpr std::size_t kPayloadDigest = 48;
  static constexpr std::size_t kHeaderDigest = 56;
};

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
    case Kind::retrieval:
    case Kind::read_requests:
    case Kind::seen_chunks:
    case Kind::read_replies:
    case Kind::extra_files:
    case Kind::held_chunks:
    case Kind::busy:
    case Kind::alive:
    case Kind::over:
    case Kind::capacity:
    case Kind::clear:
      return true;
  }
  return false;
}

}  // namespace

void encode(const Header& header, std::span<std::byte, kHeaderSize> out) noexcept {
  put<HeaderAt::kMagic>(out, kMagic);
  put<HeaderAt::kVersion>(out, kVersion);
  put<HeaderAt::kKind>(out, static_cast<std::uint16_t>(header.kind));
  put<HeaderAt::kJobId>(out, header.job_id);
  put<HeaderAt::kChunk>(out, header.chunk.value);
  put<HeaderAt::kOffset>(out, header.offset.value);
  put<HeaderAt::kLength>(out, header.length.value);
  put<HeaderAt::kAttempt>(out, header.attempt);
  put<HeaderAt::kReserved>(out, std::uint32_t{0});
  put<HeaderAt::kPayloadDigest>(out, header.payload_digest);
  put<HeaderAt::kHeaderDigest>(out, chunk_digest(out.first<HeaderAt::kHeaderDigest>()));
}

Result<Header> decode(std::span<const std::byte> message) {
  if (message.size() < kHeaderSize) return refusal(Errc::bad_length);
  const auto in = message.first<kHeaderSize>();

  // Magic and version come before the digest: a stranger's message, or one of another version, is
  // whole in its own way and should be named for what it is.
  if (take<HeaderAt::kMagic, std::uint32_t>(in) != kMagic) return refusal(Errc::bad_magic);
  if (take<HeaderAt::kVersion, std::uint16_t>(in) != kVersion) return refusal(Errc::bad_version);
  if (take<HeaderAt::kHeaderDigest, std::uint64_t>(in) !=
      chunk_digest(in.first<HeaderAt::kHeaderDigest>())) {
    return refusal(Errc::bad_header_digest);
  }

  Header header;
  header.kind = static_cast<Kind>(take<HeaderAt::kKind, std::uint16_t>(in));
  header.job_id = take<HeaderAt::kJobId, std::uint64_t>(in);
  header.chunk.value = take<HeaderAt::kChunk, std::uint64_t>(in);
  header.offset.value = take<HeaderAt::kOffset, std::uint64_t>(in);
  header.length.value = take<HeaderAt::kLength, std::uint64_t>(in);
  header.attempt = take<HeaderAt::kAttempt, std::uint32_t>(in);
  header.payload_digest = take<HeaderAt::kPayloadDigest, std::uint64_t>(in);

  if (!is_known(header.kind)) return refusal(Errc::bad_kind);
  if (header.length.value != message.size() - kHeaderSize || header.length > kMaxChunkSize) {
    return refusal(Errc::bad_length);
  }
  if (take<HeaderAt::kReserved, std::uint32_t>(in) != 0) {
    return bad_field("header: the reserved bytes must be 0");
  }
  if (header.offset.value > kMaxEnd - header.length.value) {
    return bad_field("header: the chunk must not end beyond 2^63 bytes");
  }
  return header;
}

bool payload_matches(const Header& header, std::span<const std::byte> payload) noexcept {
  return payload.size() == header.length.value && chunk_digest(payload) == header.payload_digest;
}

}  // namespace mpiferry::wire

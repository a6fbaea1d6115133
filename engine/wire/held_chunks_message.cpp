#include "engine/wire/held_chunks_message.hpp"

#include "engine/wire/byte_order.hpp"
#include "engine/wire/refusal.hpp"

namespace mpiferry::wire {
namespace {

struct HeldChunksAt {
  static constexpr std::size_t kFirst = 0;
  static constexpr std::size_t kLookedAt = 8;
};
struct HeldAt {
  static constexpr std::size_t kChunk = 0;
  static constexpr std::size_t kDigest = 8;
};

}  // namespace

std::size_t encode(const HeldChunksMessage& held_chunks, std::span<std::byte> out) noexcept {
  put<HeldChunksAt::kFirst>(out.first<kHeldChunksHead>(), held_chunks.first);
  put<HeldChunksAt::kLookedAt>(out.first<kHeldChunksHead>(), held_chunks.looked_at);
  std::size_t at = kHeldChunksHead;
  for (const HeldChunksMessage::Held& held : held_chunks.held) {
    const auto to = out.subspan(at).first<kHeldSize>();
    put<HeldAt::kChunk>(to, held.chunk.value);
    put<HeldAt::kDigest>(to, held.digest);
    at += kHeldSize;
  }
  return at;
}

Result<HeldChunksMessage> decode_held_chunks(std::span<const std::byte> payload) {
  if (payload.size() < kHeldChunksHead || (payload.size() - kHeldChunksHead) % kHeldSize != 0) {
    return bad_field("held chunks: a length that cannot be");
  }
  HeldChunksMessage held_chunks;
  held_chunks.first = take<HeldChunksAt::kFirst, std::uint64_t>(payload.first<kHeldChunksHead>());
  held_chunks.looked_at =
      take<HeldChunksAt::kLookedAt, std::uint64_t>(payload.first<kHeldChunksHead>());
  if (held_chunks.looked_at < held_chunks.first) {
    return bad_field("held chunks: it ends before it begins");
  }
  for (payload = payload.subspan(kHeldChunksHead); !payload.empty();
       payload = payload.subspan(kHeldSize)) {
    const auto in = payload.first<kHeldSize>();
    const HeldChunksMessage::Held held{{take<HeldAt::kChunk, std::uint64_t>(in)},
                                       take<HeldAt::kDigest, std::uint64_t>(in)};
    if (held.chunk.value >= kMaxChunks ||
        (!held_chunks.held.empty() && held.chunk <= held_chunks.held.back().chunk)) {
      return bad_field("held chunks: chunks that cannot be");
    }
    held_chunks.held.push_back(held);
  }
  return held_chunks;
}

}  // namespace mpiferry::wire

#include "engine/wire/inventory.hpp"

#include "engine/wire/byte_order.hpp"
#include "engine/wire/refusal.hpp"

namespace mpiferry::wire {
namespace {

constexpr std::size_t kFirstAt = 0;
constexpr std::size_t kLookedAtAt = 8;
constexpr std::size_t kChunkAt = 0;
constexpr std::size_t kDigestAt = 8;

}  // namespace

std::size_t encode(const Inventory& inventory, std::span<std::byte> out) noexcept {
  put<kFirstAt>(out.first<kInventoryHead>(), inventory.first);
  put<kLookedAtAt>(out.first<kInventoryHead>(), inventory.looked_at);
  std::size_t at = kInventoryHead;
  for (const Inventory::Held& held : inventory.held) {
    const auto to = out.subspan(at).first<kHeldSize>();
    put<kChunkAt>(to, held.chunk.value);
    put<kDigestAt>(to, held.digest);
    at += kHeldSize;
  }
  return at;
}

Result<Inventory> decode_inventory(std::span<const std::byte> payload) {
  if (payload.size() < kInventoryHead || (payload.size() - kInventoryHead) % kHeldSize != 0) {
    return refusal(Errc::bad_field, "inventory: a length that can not be");
  }
  Inventory inventory;
  inventory.first = take<kFirstAt, std::uint64_t>(payload.first<kInventoryHead>());
  inventory.looked_at = take<kLookedAtAt, std::uint64_t>(payload.first<kInventoryHead>());
  if (inventory.looked_at < inventory.first) {
    return refusal(Errc::bad_field, "inventory: it ends before it begins");
  }
  for (payload = payload.subspan(kInventoryHead); !payload.empty();
       payload = payload.subspan(kHeldSize)) {
    const auto in = payload.first<kHeldSize>();
    const Inventory::Held held{{take<kChunkAt, std::uint64_t>(in)},
                               take<kDigestAt, std::uint64_t>(in)};
    if (held.chunk.value >= kMaxChunks ||
        (!inventory.held.empty() && held.chunk <= inventory.held.back().chunk)) {
      return refusal(Errc::bad_field, "inventory: chunks that can not be");
    }
    inventory.held.push_back(held);
  }
  return inventory;
}

}  // namespace mpiferry::wire

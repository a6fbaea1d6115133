#include "engine/wire/inventory.hpp"

#include "engine/wire/byte_order.hpp"
#include "engine/wire/refusal.hpp"

namespace mpiferry::wire {
namespace {

struct InventoryAt {
  static constexpr std::size_t kFirst = 0;
  static constexpr std::size_t kLookedAt = 8;
};
struct HeldAt {
  static constexpr std::size_t kChunk = 0;
  static constexpr std::size_t kDigest = 8;
};

}  // namespace

std::size_t encode(const Inventory& inventory, std::span<std::byte> out) noexcept {
  put<InventoryAt::kFirst>(out.first<kInventoryHead>(), inventory.first);
  put<InventoryAt::kLookedAt>(out.first<kInventoryHead>(), inventory.looked_at);
  std::size_t at = kInventoryHead;
  for (const Inventory::Held& held : inventory.held) {
    const auto to = out.subspan(at).first<kHeldSize>();
    put<HeldAt::kChunk>(to, held.chunk.value);
    put<HeldAt::kDigest>(to, held.digest);
    at += kHeldSize;
  }
  return at;
}

Result<Inventory> decode_inventory(std::span<const std::byte> payload) {
  if (payload.size() < kInventoryHead || (payload.size() - kInventoryHead) % kHeldSize != 0) {
    return bad_field("inventory: a length that cannot be");
  }
  Inventory inventory;
  inventory.first = take<InventoryAt::kFirst, std::uint64_t>(payload.first<kInventoryHead>());
  inventory.looked_at =
      take<InventoryAt::kLookedAt, std::uint64_t>(payload.first<kInventoryHead>());
  if (inventory.looked_at < inventory.first) {
    return bad_field("inventory: it ends before it begins");
  }
  for (payload = payload.subspan(kInventoryHead); !payload.empty();
       payload = payload.subspan(kHeldSize)) {
    const auto in = payload.first<kHeldSize>();
    const Inventory::Held held{{take<HeldAt::kChunk, std::uint64_t>(in)},
                               take<HeldAt::kDigest, std::uint64_t>(in)};
    if (held.chunk.value >= kMaxChunks ||
        (!inventory.held.empty() && held.chunk <= inventory.held.back().chunk)) {
      return bad_field("inventory: chunks that cannot be");
    }
    inventory.held.push_back(held);
  }
  return inventory;
}

}  // namespace mpiferry::wire

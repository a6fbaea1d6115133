// The payload of an ack message, read as the master reads it.
#include <algorithm>
#include <array>

#include "engine/wire/ack.hpp"
#include "tests/fuzz/target.hpp"

namespace mpiferry::wire {
namespace {

using fuzz::require;

void play(std::span<const std::byte> payload) {
  for (; payload.size() >= kAckSize; payload = payload.subspan(kAckSize)) {
    const auto in = payload.first<kAckSize>();
    const auto ack = decode_ack(in);
    if (!ack) {
      require(ack.error().code == Errc::bad_field, "a bad ack is a bad field");
      return;
    }
    std::array<std::byte, kAckSize> again{};
    encode(*ack, again);
    require(std::ranges::equal(again, in), "what decodes encodes the same");
    require(ack->status == AckStatus::write_failed ||
                (ack->call == WriteCall::none && ack->system_errno == 0),
            "only a failed write has a call and an errno");
    require(ack->system_errno >= 0, "no negative errno");
    require((*call_name(ack->call) == '\0') == (ack->call == WriteCall::none),
            "every call has a name");
  }
}

}  // namespace
}  // namespace mpiferry::wire

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mpiferry::wire::play(mpiferry::fuzz::bytes_of(data, size));
  return 0;
}

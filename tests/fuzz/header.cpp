// Decodes the 64 bytes before every message. What decodes must encode to the same bytes.
#include "engine/wire/header.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "engine/wire/digest.hpp"
#include "tests/fuzz/target.hpp"

namespace mpiferry::wire {
namespace {

using fuzz::require;

constexpr std::size_t kLengthAt = 32;
constexpr std::size_t kDigestAt = 56;

void put(std::span<std::byte> out, std::uint64_t value) {
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<std::byte>(value >> (8 * i) & 0xffU);
}

void play(std::span<const std::byte> message) {
  const auto header = decode(message);
  if (!header) {
    static_cast<void>(header.error().message());
    return;
  }
  require(header->length.value == message.size() - kHeaderSize, "length is that of the payload");
  require(header->length <= kMaxChunkSize, "no payload above 1 GiB");
  require(header->offset.value <= (std::uint64_t{1} << 63U) - header->length.value,
          "no chunk ends beyond 2^63");

  std::array<std::byte, kHeaderSize> again{};
  encode(*header, again);
  require(std::ranges::equal(again, message.first(kHeaderSize)), "what decodes encodes the same");

  const auto payload = message.subspan(kHeaderSize);
  const bool matches = chunk_digest(payload) == header->payload_digest;
  require(payload_matches(*header, payload) == matches, "payload_matches tells the truth");
  require(payload.empty() || !payload_matches(*header, payload.first(payload.size() - 1)),
          "a part of a payload never matches");
}

}  // namespace
}  // namespace mpiferry::wire

// The first byte says what is put right before the message is played, because no fuzzer guesses a
// digest: bit 0 the header's digest, bit 1 also the length.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mpiferry;
  if (size == 0) return 0;
  const auto bytes = fuzz::bytes_of(data + 1, size - 1);
  std::vector<std::byte> message{bytes.begin(), bytes.end()};
  if (message.size() >= kHeaderSize) {
    const std::span<std::byte> header = std::span{message}.first(kHeaderSize);
    if ((data[0] & 2U) != 0) {
      wire::put(header.subspan(wire::kLengthAt), message.size() - kHeaderSize);
    }
    if ((data[0] & 3U) != 0) {
      wire::put(header.subspan(wire::kDigestAt), wire::chunk_digest(header.first(wire::kDigestAt)));
    }
  }
  wire::play(message);
  return 0;
}

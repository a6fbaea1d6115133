// The messages that are no JSON: acks, requests, read replies, who holds which chunks, and with
// which digests. Read as the master and a worker read them. What decodes must encode to the same
// bytes.
#include <algorithm>
#include <array>
#include <vector>

#include "engine/plan/chunk_set.hpp"
#include "engine/wire/ack.hpp"
#include "engine/wire/held_chunks_message.hpp"
#include "engine/wire/retrieval.hpp"
#include "tests/fuzz/feed.hpp"
#include "tests/fuzz/target.hpp"

namespace mpiferry::wire {
namespace {

using fuzz::require;

void check(const Ack& ack) {
  require(ack.status == AckStatus::write_failed ||
              (ack.call == WriteCall::none && ack.system_errno == 0),
          "only a failed write has a call and an errno");
  require(ack.system_errno >= 0, "no negative errno");
  require((*call_name(ack.call) == '\0') == (ack.call == WriteCall::none), "every call has a name");
}

void check(const ReadRequest& /*request*/) {}

void check(const ReadReply& reply) {
  require(reply.status <= ReadReply::Status::unreadable, "a status that there is");
  require(reply.system_errno >= 0, "no negative errno");
  require((*call_name(reply.call) == '\0') == (reply.call == ReadReply::Call::none),
          "every call has a name");
}

// Decodes records of `size` bytes, one behind the other.
template <std::size_t size, class Decode>
void play(std::span<const std::byte> payload, Decode decode) {
  for (; payload.size() >= size; payload = payload.subspan(size)) {
    const auto in = payload.first<size>();
    const auto record = decode(in);
    if (!record) {
      require(record.error().code == Errc::bad_field, "a bad record is a bad field");
      return;
    }
    std::array<std::byte, size> again{};
    encode(*record, std::span{again});
    require(std::ranges::equal(again, in), "what decodes encodes the same");
    check(*record);
  }
}

// A set that is looked at chunk by chunk: as large as this.
constexpr std::uint64_t kFewChunks = 300;

// What the runs of seen chunks say, chunk by chunk. Nothing, if that is too much or no set.
std::vector<bool> model_of(const std::vector<ChunkRun>& runs) {
  std::vector<bool> has(kFewChunks);
  std::uint64_t next = 0;
  for (const ChunkRun& run : runs) {
    if (run.first < next || run.last() >= kFewChunks) return {};
    for (std::uint64_t i = 0; i < run.count; ++i) has[run.first + i * run.stride] = true;
    next = run.last() + 1;
  }
  return has;
}

void check_holds(const plan::ChunkSet& set, const std::vector<bool>& has) {
  require(set.size() == static_cast<std::uint64_t>(std::ranges::count(has, true)),
          "as many chunks as were added");
  for (std::uint64_t i = 0; i < has.size(); ++i) {
    require(set.contains(ChunkIndex{i}) == has[i], "what was added is there, and nothing else");
  }
}

std::vector<std::byte> encoded(const SeenChunks& seen) {
  std::vector<std::byte> out(kSeenChunksHead + kRunSize * seen.runs.size());
  require(encode(seen, out) == out.size(), "a message of seen chunks is as long as it says");
  return out;
}

void play_seen_chunks(std::span<const std::byte> payload) {
  const auto seen = decode_seen_chunks(payload);
  if (!seen) {
    require(seen.error().code == Errc::bad_field, "bad seen chunks are a bad field");
    return;
  }
  require(std::ranges::equal(encoded(*seen), payload), "what decodes encodes the same");
  for (const ChunkRun& run : seen->runs) {
    require(run.count > 0 && run.stride > 0, "a run has chunks");
    require(run.first <= run.last() && run.last() < kMaxChunks, "chunks that a job may have");
  }

  plan::ChunkSet set;
  const bool added = set.add(seen->runs, kFewChunks);
  const std::vector<bool> has = model_of(seen->runs);
  require(added == !has.empty(), "runs that ascend and end before the last chunk, and no others");
  check_holds(set, added ? has : std::vector<bool>(kFewChunks));
  if (!added || seen->runs.empty()) return;
  require(!set.add(seen->runs, kFewChunks), "no set twice");
  check_holds(set, has);
}

void play_held_chunks(std::span<const std::byte> payload) {
  const auto held_chunks = decode_held_chunks(payload);
  if (!held_chunks) {
    require(held_chunks.error().code == Errc::bad_field, "bad held chunks are a bad field");
    return;
  }
  require(held_chunks->first <= held_chunks->looked_at, "it ends where it begins, or after");
  const auto& held = held_chunks->held;
  for (std::size_t i = 0; i < held.size(); ++i) {
    require(held[i].chunk.value < kMaxChunks, "chunks that a job may have");
    require(i == 0 || held[i - 1].chunk < held[i].chunk, "each chunk once, in order");
  }
  std::vector<std::byte> again(kHeldChunksHead + kHeldSize * held.size());
  require(encode(*held_chunks, again) == again.size(),
          "a message of held chunks is as long as it says");
  require(std::ranges::equal(again, payload), "what decodes encodes the same");
}

// A worker adds chunk by chunk; the master receives the runs, in parts.
void play_set(fuzz::Feed feed) {
  std::vector<bool> has(kFewChunks);
  plan::ChunkSet set;
  for (std::uint64_t i = feed.below(32); i < kFewChunks && !feed.empty(); i += 1 + feed.below(32)) {
    has[i] = true;
    set.add(ChunkIndex{i});
  }
  check_holds(set, has);

  plan::ChunkSet received;
  const std::size_t most = 1 + feed.below(4);
  for (auto runs = set.runs(); !runs.empty();) {
    const auto part = runs.first(std::min(most, runs.size()));
    const auto seen = decode_seen_chunks(encoded({7, {part.begin(), part.end()}}));
    require(seen && seen->directory == 7, "what a set says can be sent");
    require(received.add(seen->runs, kFewChunks), "what a set says is a set");
    runs = runs.subspan(part.size());
  }
  check_holds(received, has);
}

}  // namespace
}  // namespace mpiferry::wire

// The first byte says which message it is: '0' acks, '1' requests, '2' read replies, '3' seen
// chunks, '4' the steps from one chunk of a set to the next, '5' held chunks.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mpiferry::wire;
  if (size == 0) return 0;
  const auto payload = mpiferry::fuzz::bytes_of(data + 1, size - 1);
  switch (data[0] % 8) {
    case 0:
      play<kAckSize>(payload, decode_ack);
      break;
    case 1:
      play<kReadRequestSize>(payload, decode_read_request);
      break;
    case 2:
      play<kReadReplySize>(payload, decode_read_reply);
      break;
    case 3:
      play_seen_chunks(payload);
      break;
    case 5:
      play_held_chunks(payload);
      break;
    default:
      play_set(mpiferry::fuzz::Feed{payload});
  }
  return 0;
}

// The 64 bytes in front of every message, on both tags. docs/reference/protocol.md has the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/buffer_pool.hpp"
#include "engine/base/result.hpp"
#include "engine/base/units.hpp"

namespace mpiferry::wire {

inline constexpr std::uint32_t kMagic = 0x5946504d;  // the bytes "MPFY"
inline constexpr std::uint16_t kVersion = 2;

enum class Kind : std::uint16_t {
  // tag 11
  job = 1,            // payload: Job as JSON
  chunk = 2,          // payload: the bytes of the chunk
  end = 3,            // payload: End as JSON
  retrieval = 4,      // payload: RetrievalJob as JSON
  read_requests = 5,  // payload: one or more ReadRequests
  // tag 22; a chunk that was requested has this tag, too
  ready = 16,         // payload: Ready as JSON; the answer to a job
  acks = 17,          // payload: one or more acks
  failed = 18,        // payload: a Failure as JSON; the worker cannot go on
  closed = 19,        // payload: Closed as JSON; the worker's last word
  seen_chunks = 20,   // payload: a SeenChunks
  read_replies = 21,  // payload: one or more ReadReplies
  extra_files = 22,   // payload: ExtraFiles as JSON
  held_chunks = 23,   // payload: a HeldChunksMessage
  busy = 24,          // no payload; ready, or after the end closed, is to come, and takes its time
  capacity = 27,      // payload: Ready as JSON; --force: what will be free once files have gone
  // tag 22, from the master
  alive = 25,  // no payload; the master has nothing else to say for now
  over = 26,   // payload: Over as JSON; the job is published, or has failed, and the worker may go
  clear = 28,  // no payload; the answer to all `capacity`: files of an earlier job may go
};

// The first message of a job of some operation, with the tag 11.
constexpr bool begins_job(Kind kind) noexcept {
  return kind == Kind::job || kind == Kind::retrieval;
}
// What a worker that is ready is sent then, with the tag 11: the operation itself.
constexpr bool is_work(Kind kind) noexcept {
  return kind == Kind::chunk || kind == Kind::read_requests;
}

// All fields little-endian. `length` is the payload's, in bytes; `payload_digest` its XXH3-64.
// Fields that a kind does not use are 0.
struct Header {
  Kind kind = Kind::job;
  std::uint64_t job_id = 0;  // random; messages of another job are refused
  ChunkIndex chunk = {};
  Bytes offset = {};  // of the chunk in its file
  Bytes length = {};
  std::uint32_t attempt = 0;  // 0 the first time
  std::uint64_t payload_digest = 0;

  bool operator==(const Header&) const = default;
};

// Writes 64 bytes, the digest of the first 56 included.
void encode(const Header& header, std::span<std::byte, kHeaderSize> out) noexcept;

// Reads the header of a message of `message` bytes (header and payload). Refuses, in this order:
// fewer than 64 bytes (bad_length), bad_magic, bad_version, bad_header_digest, bad_kind, a length
// that is not that of the payload that came along or above 1 GiB (bad_length), reserved bytes that
// are not 0 or a chunk's offset + length beyond 2^63 (bad_field).
// Does not look at the payload: `payload_matches` does.
Result<Header> decode(std::span<const std::byte> message);

// Whether the payload behind a decoded header has the length and the digest that the header
// promises.
bool payload_matches(const Header& header, std::span<const std::byte> payload) noexcept;

}  // namespace mpiferry::wire

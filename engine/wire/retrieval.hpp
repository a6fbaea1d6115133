// The messages that read back what was scattered: the job, who sees what, read requests and their
// replies.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/wire/ack.hpp"
#include "engine/wire/job.hpp"
#include "engine/wire/layout.hpp"

namespace mpiferry::wire {

// The most workers of a scatter whose chunks can be read back: everyone keeps a directory for each,
// and a broken number must not decide how many.
inline constexpr std::uint32_t kMaxRetrieved = std::uint32_t{1} << 20U;

// Master to worker, as JSON: what is to be looked for, and where.
struct RetrievalJob {
  // Of the workers of the scatter, in the order of their ranks, so many in a row have this host.
  struct Hosts {
    std::string host;
    std::uint32_t workers = 0;
    bool operator==(const Hosts&) const = default;
  };

  Master master;
  std::string directory;  // as the user wrote it, with {rank} and {host} in it
  std::vector<Hosts> hosts;
  Bytes size;
  Bytes chunk_size;
  Layout layout = {};
  std::uint32_t window = 0;  // requests that are open at this worker at most
  bool deliver = false;      // the chunks are wanted; else only what their digests are
  std::chrono::milliseconds stall_timeout{0};  // as in Job
  Faults faults;

  bool operator==(const RetrievalJob&) const = default;
};

Result<std::size_t> encode(const RetrievalJob& job, std::span<std::byte> out);
// bad_field: also for more than 2^28 chunks, no workers or more than kMaxRetrieved, host names with
// a slash.
Result<RetrievalJob> decode_retrieval_job(std::span<const std::byte> payload);

// Chunks first, first + stride, ..., `count` of them. 16 bytes, little-endian.
struct ChunkRun {
  std::uint64_t first = 0;
  std::uint32_t stride = 1;
  std::uint32_t count = 0;
  std::uint64_t last() const noexcept { return first + std::uint64_t{stride} * (count - 1); }
  bool operator==(const ChunkRun&) const = default;
};

// A worker tells what it sees in several messages, which may come in any order: this is the
// number-th of them, from 0, `of` so many. number < of.
struct Part {
  std::uint32_t number = 0;
  std::uint32_t of = 1;
  bool operator==(const Part&) const = default;
};

// Worker to master: the chunks that it sees in one directory, in as many messages as it takes.
// `directory` counts the distinct expansions of RetrievalJob::directory, in the order of the ranks.
struct SeenChunks {
  std::uint32_t directory = 0;
  std::vector<ChunkRun> runs;
  Part part = {};
  bool operator==(const SeenChunks&) const = default;
};
inline constexpr std::size_t kSeenChunksHead = 16;
inline constexpr std::size_t kRunSize = 16;
// The most runs in one message.
inline constexpr std::size_t kMaxRuns = (kControlPayload.value - kSeenChunksHead) / kRunSize;

// Precondition: at most kMaxRuns.
std::size_t encode(const SeenChunks& seen, std::span<std::byte> out) noexcept;
// bad_field: a length that is none, a part that is none, reserved bytes that are not 0, a stride or
// count of 0, chunks of 2^28 and above.
Result<SeenChunks> decode_seen_chunks(std::span<const std::byte> payload);

// Master to worker: this chunk, please. 32 bytes, little-endian; several share a message.
struct ReadRequest {
  ChunkIndex chunk;
  std::uint32_t attempt = 0;    // 0 the first time; counts requests for this chunk, whomever to
  std::uint32_t directory = 0;  // as in SeenChunks
  std::uint64_t digest = 0;     // what it ought to be
  bool moved = false;           // it lies in a file chunk_<i>.bin, whatever the layout
  bool operator==(const ReadRequest&) const = default;
};
inline constexpr std::size_t kReadRequestSize = 32;
void encode(const ReadRequest& request, std::span<std::byte, kReadRequestSize> out) noexcept;
// bad_field: reserved bytes that are not 0, a `moved` that is neither 0 nor 1.
Result<ReadRequest> decode_read_request(std::span<const std::byte, kReadRequestSize> in);

// Worker to master: what became of a request, unless the chunk itself is the answer. 40 bytes.
struct ReadReply {
  enum class Status : std::uint16_t {
    whole = 0,         // it is there, with `digest`
    missing = 1,       // there is no such file
    wrong_length = 2,  // its file ends too early or too late: it has `length` there
    unreadable = 3,    // `call` and `system_errno` say why
  };
  enum class Call : std::uint16_t { none = 0, open = 1, pread = 2 };
  ChunkIndex chunk;
  std::uint32_t attempt = 0;
  Status status = Status::whole;
  Call call = Call::none;
  std::int32_t system_errno = 0;
  std::uint64_t digest = 0;
  Bytes length = {};
  bool operator==(const ReadReply&) const = default;
};
inline constexpr std::size_t kReadReplySize = 40;
void encode(const ReadReply& reply, std::span<std::byte, kReadReplySize> out) noexcept;
// bad_field: unknown statuses and calls, a negative errno, reserved bytes that are not 0.
Result<ReadReply> decode_read_reply(std::span<const std::byte, kReadReplySize> in);
// "open", "pread", ""
const char* call_name(ReadReply::Call call) noexcept;

// Worker to master: names of mpiferry's that have no place in what is looked for, some of them.
struct ExtraFiles {
  std::uint32_t directory = 0;
  std::vector<std::string> names;
  // Of a directory that is there and could not be read, or not to its end: what failed, and errno.
  std::string call;
  int system_errno = 0;
  Part part = {};
  bool operator==(const ExtraFiles&) const = default;
};
Result<std::size_t> encode(const ExtraFiles& extras, std::span<std::byte> out);
Result<ExtraFiles> decode_extra_files(std::span<const std::byte> payload);

}  // namespace mpiferry::wire

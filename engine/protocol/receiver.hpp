// The worker's side of the protocol: what to do with a chunk that arrived, what to answer, and when
// answers should leave. It decides and counts; it never writes or sends.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/base/units.hpp"
#include "engine/plan/distribution.hpp"
#include "engine/wire/ack.hpp"
#include "engine/wire/header.hpp"

namespace mpiferry::protocol {

struct ReceiverConfig {
  Rank self;
  std::uint32_t workers = 1;
  std::uint64_t job_id = 0;
  Bytes chunk_size;
  std::optional<Bytes> source_size;  // nothing: a stream
  bool reroute = false;              // chunks of other workers may come, too
};

struct Write {  // verified: write it, then report on_written
  bool operator==(const Write&) const = default;
};
struct Answer {  // no write is needed, or allowed: answer with this
  wire::Ack ack;
  bool operator==(const Answer&) const = default;
};
struct Ignore {  // a copy of what is being written, or could not be: one answer is enough
  bool operator==(const Ignore&) const = default;
};
struct Violation {  // the message has no place in this job; the worker cannot go on
  Errc code;
  bool operator==(const Violation&) const = default;
};
using ChunkStep = std::variant<Write, Answer, Ignore, Violation>;

// Not thread-safe. Allocates in the constructor; for streams also as the count of chunks doubles.
class Receiver {
 public:
  explicit Receiver(const ReceiverConfig& config);

  // A chunk arrived. `intact`: its payload has the digest that its header promises.
  ChunkStep on_chunk(const wire::Header& header, bool intact);
  // The write that on_chunk asked for is done; `call` and `system_errno` are 0 on success.
  wire::Ack on_written(const wire::Header& header, wire::WriteCall call, int system_errno);

  std::uint64_t chunks_written() const noexcept { return chunks_written_; }
  Bytes bytes_written() const noexcept { return bytes_written_; }
  std::uint64_t chunks_corrupt() const noexcept { return chunks_corrupt_; }

  // The k-th chunk of this worker was there before the job began, with these bytes.
  void on_found(std::uint64_t k, std::uint64_t digest);

  // The k-th chunk of this worker is chunk k * workers + self - 1 of the file.
  // `digests()[k]` is meaningful if `holds(k)`.
  std::span<const std::uint64_t> digests() const noexcept { return digests_; }
  bool holds(std::uint64_t k) const noexcept {
    return k < written_.size() && (written_[k] || kept(k));
  }
  // It was there before the job began.
  bool kept(std::uint64_t k) const noexcept { return k < found_.size() && found_[k] && !begun_[k]; }
  // The chunks of other workers that lie here, with their digests.
  const std::map<std::uint64_t, std::uint64_t>& foreign() const noexcept { return foreign_; }

 private:
  Errc check(const wire::Header& header) const;
  bool owns(ChunkIndex chunk) const noexcept;
  ChunkStep on_foreign(const wire::Header& header);
  Ignore ignore(const wire::Header& header);
  void grow(std::uint64_t chunks);
  std::uint64_t position(ChunkIndex chunk) const noexcept {
    return distribution_.position_of(chunk);
  }

  ReceiverConfig config_;
  plan::Distribution distribution_;
  std::vector<bool> begun_;    // a write was asked for, of bytes with this digest
  std::vector<bool> written_;  // and is done
  std::vector<bool> found_;    // was there before, with this digest
  std::vector<std::uint64_t> digests_;
  // Of other workers' chunks: those of which a write was asked for, and those that are written.
  std::map<std::uint64_t, std::uint64_t> foreign_begun_;
  std::map<std::uint64_t, std::uint64_t> foreign_;
  std::map<std::uint64_t, std::uint32_t> copies_;  // the last attempt that was ignored
  std::uint64_t chunks_found_ = 0;
  std::uint64_t chunks_written_ = 0;
  Bytes bytes_written_;
  std::uint64_t chunks_corrupt_ = 0;
};

// Answers that wait for the next message. Many small chunks share a message; but never so many that
// the master runs out of credit for want of one.
class AckBatch {
 public:
  explicit AckBatch(std::uint32_t window);

  void add(const wire::Ack& ack) { pending_.push_back(ack); }
  bool empty() const noexcept { return pending_.empty(); }
  // A quarter of the window is answered: send now. Below that, send when there is nothing else to
  // do.
  bool urgent() const noexcept { return pending_.size() >= threshold_; }
  std::span<const wire::Ack> pending() const noexcept { return pending_; }
  void clear() noexcept { pending_.clear(); }

 private:
  std::size_t threshold_;
  std::vector<wire::Ack> pending_;
};

}  // namespace mpiferry::protocol

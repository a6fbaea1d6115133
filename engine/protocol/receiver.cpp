#include "engine/protocol/receiver.hpp"

#include <algorithm>

#include "engine/plan/chunk_plan.hpp"
#include "engine/protocol/sender.hpp"

namespace mpiferry::protocol {

Receiver::Receiver(const ReceiverConfig& config)
    : config_(config), distribution_(plan::Distribution::round_robin(config.workers)) {
  if (!config.source_size) return;
  grow(distribution_.chunks_of(config.self, {*config.source_size, config.chunk_size}));
}

void Receiver::grow(std::uint64_t chunks) {
  begun_.resize(chunks);
  written_.resize(chunks);
  found_.resize(chunks);
  digests_.resize(chunks);
}

Errc Receiver::check(const wire::Header& header) const {
  const ChunkIndex chunk = header.chunk;
  if (header.kind != wire::Kind::chunk) return Errc::bad_kind;
  if (header.job_id != config_.job_id) return Errc::unexpected_message;
  if (!owns(chunk) && !config_.reroute) return Errc::unexpected_message;
  // Division, so that no index can overflow the product.
  if (header.offset.value / config_.chunk_size.value != chunk.value ||
      header.offset.value % config_.chunk_size.value != 0) {
    return Errc::bad_field;
  }
  if (!config_.source_size) {
    // Of all chunks before this one, at most a window is not written yet: what lies beyond is no
    // reason to allocate.
    if (chunk.value >= kMaxChunks ||
        (owns(chunk) && position(chunk) >= chunks_written_ + chunks_found_ + kMaxWindow)) {
      return Errc::unexpected_message;
    }
    return header.length.value > 0 && header.length <= config_.chunk_size ? Errc::ok
                                                                          : Errc::bad_length;
  }
  const plan::ChunkPlan plan{*config_.source_size, config_.chunk_size};
  if (chunk.value >= plan.chunks()) return Errc::bad_field;
  return header.length == plan.length_of(chunk) ? Errc::ok : Errc::bad_length;
}

ChunkStep Receiver::on_chunk(const wire::Header& header, bool intact) {
  if (const Errc wrong = check(header); wrong != Errc::ok) return Violation{wrong};
  wire::Ack ack{.chunk = header.chunk, .attempt = header.attempt};
  if (!intact) {
    ++chunks_corrupt_;
    ack.status = wire::AckStatus::corrupt;
    return Answer{ack};
  }
  if (!owns(header.chunk)) return on_foreign(header);
  const std::uint64_t k = position(header.chunk);
  if (k >= begun_.size()) grow(k + 1);  // a stream
  // A second copy of what is on disk, or on its way there, is fine; other bytes for the same chunk
  // are not: whichever were written last would be under the digest of the first.
  if (begun_[k] && digests_[k] != header.payload_digest) {
    return Violation{Errc::unexpected_message};
  }
  if (written_[k]) return Answer{ack};
  // Not twice at the same time, as both would have the same unfinished file; nor after a failure,
  // as somebody else may write it by now.
  if (begun_[k]) return ignore(header);
  begun_[k] = true;
  digests_[k] = header.payload_digest;
  return Write{};
}

// The answer to come is that to the last attempt: the master waits for no other.
Ignore Receiver::ignore(const wire::Header& header) {
  std::uint32_t& attempt = copies_[header.chunk.value];
  attempt = std::max(attempt, header.attempt);
  return {};
}

bool Receiver::owns(ChunkIndex chunk) const noexcept {
  return distribution_.worker_of(chunk) == config_.self;
}

// A chunk whose own worker cannot write it. There are few of them.
ChunkStep Receiver::on_foreign(const wire::Header& header) {
  const auto [known, first] = foreign_begun_.try_emplace(header.chunk.value, header.payload_digest);
  if (first) return Write{};
  if (known->second != header.payload_digest) return Violation{Errc::unexpected_message};
  if (!foreign_.contains(header.chunk.value)) return ignore(header);
  return Answer{{.chunk = header.chunk, .attempt = header.attempt}};
}

void Receiver::on_found(std::uint64_t k, std::uint64_t digest) {
  if (k >= begun_.size()) grow(k + 1);
  if (begun_[k]) return;
  chunks_found_ += !found_[k];
  found_[k] = true;
  digests_[k] = digest;
}

wire::Ack Receiver::on_written(const wire::Header& header, wire::WriteCall call, int system_errno) {
  wire::Ack ack{.chunk = header.chunk, .attempt = header.attempt};
  if (const auto copy = copies_.extract(header.chunk.value)) {
    ack.attempt = std::max(ack.attempt, copy.mapped());
  }
  if (call != wire::WriteCall::none) {
    ack.status = wire::AckStatus::write_failed;
    ack.call = call;
    ack.system_errno = system_errno;
    return ack;
  }
  if (!owns(header.chunk)) {
    foreign_.emplace(header.chunk.value, header.payload_digest);
  } else {
    written_[position(header.chunk)] = true;
  }
  ++chunks_written_;
  bytes_written_ += header.length;
  return ack;
}

AckBatch::AckBatch(std::uint32_t window) : threshold_(std::max<std::uint32_t>(1, window / 4)) {
  pending_.reserve(window);
}

}  // namespace mpiferry::protocol

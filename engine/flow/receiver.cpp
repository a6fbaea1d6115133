#include "engine/flow/receiver.hpp"

#include <algorithm>

#include "engine/flow/sender.hpp"
#include "engine/plan/chunk_plan.hpp"

namespace mpiferry::flow {

Receiver::Receiver(const ReceiverConfig& config) : config_(config) {
  if (!config.source_size) return;
  const plan::ChunkPlan plan{*config.source_size, config.chunk_size, config.workers};
  grow(plan.chunks_of(config.self));
}

void Receiver::grow(std::uint64_t chunks) {
  begun_.resize(chunks);
  written_.resize(chunks);
  digests_.resize(chunks);
}

Errc Receiver::check(const wire::Header& header) const {
  const ChunkIndex chunk = header.chunk;
  if (header.kind != wire::Kind::chunk) return Errc::bad_kind;
  if (header.job_id != config_.job_id) return Errc::unexpected_message;
  if (plan::owner(chunk, config_.workers) != config_.self) return Errc::unexpected_message;
  // Division, so that no index can overflow the product.
  if (header.offset.value / config_.chunk_size.value != chunk.value ||
      header.offset.value % config_.chunk_size.value != 0) {
    return Errc::bad_field;
  }
  if (!config_.source_size) {
    // Of all chunks before this one, at most a window is not written yet: what lies beyond is no
    // reason to allocate.
    if (position(chunk) >= chunks_written_ + kMaxWindow) return Errc::unexpected_message;
    return header.length.value > 0 && header.length <= config_.chunk_size ? Errc::ok
                                                                          : Errc::bad_length;
  }
  const plan::ChunkPlan plan{*config_.source_size, config_.chunk_size, config_.workers};
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
  const std::uint64_t k = position(header.chunk);
  if (k >= begun_.size()) grow(k + 1);  // a stream
  // A second copy of what is on disk, or on its way there, is fine; other bytes for the same chunk
  // are not: whichever were written last would be under the digest of the first.
  if (begun_[k] && digests_[k] != header.payload_digest) {
    return Violation{Errc::unexpected_message};
  }
  if (written_[k]) return Answer{ack};
  begun_[k] = true;
  digests_[k] = header.payload_digest;
  return Write{};
}

wire::Ack Receiver::on_written(const wire::Header& header, wire::WriteCall call, int system_errno) {
  wire::Ack ack{.chunk = header.chunk, .attempt = header.attempt};
  if (call != wire::WriteCall::none) {
    ack.status = wire::AckStatus::write_failed;
    ack.call = call;
    ack.system_errno = system_errno;
    return ack;
  }
  const std::uint64_t k = position(header.chunk);
  if (written_[k]) return ack;  // a second copy arrived while the first was being written
  written_[k] = true;
  ++chunks_written_;
  bytes_written_ += header.length;
  return ack;
}

AckBatch::AckBatch(std::uint32_t window) : threshold_(std::max<std::uint32_t>(1, window / 4)) {
  pending_.reserve(window);
}

}  // namespace mpiferry::flow

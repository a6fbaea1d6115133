// Reads chunks into buffers, a slice at a time: engine/job/source_reader.* on a simulated source.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/plan/chunk_plan.hpp"
#include "engine/wire/digest.hpp"
#include "tests/sim/buffer.hpp"
#include "tests/sim/source.hpp"

namespace mpiferry::sim {

class Reader {
 public:
  enum class Step : std::uint8_t { ready, more, blocked, end, failed };

  Reader(Source& source, const Scenario& scenario) : source_(source), scenario_(scenario) {}

  void begin(ChunkIndex chunk, Buffer& buffer) {
    chunk_ = chunk;
    buffer_ = &buffer;
    filled_ = 0;
    wanted_ = scenario_.chunk_size.value;
    if (!scenario_.stream) {
      wanted_ =
          plan::ChunkPlan{scenario_.source_size, scenario_.chunk_size, 1}.length_of(chunk).value;
    }
    buffer.bytes().resize(kHeaderSize + wanted_);
  }
  Step step() {
    const auto slice = buffer_->payload().subspan(filled_, std::min(kSlice, wanted_ - filled_));
    const ReadOutcome read =
        source_.read(plan::offset(chunk_, scenario_.chunk_size) + Bytes{filled_}, slice);
    if (read.error != Errc::ok) return fail(read.error);
    if (read.would_block) return Step::blocked;
    filled_ += read.bytes;
    if (filled_ == wanted_) return finish();
    if (!read.end) return Step::more;
    return filled_ == 0 ? Step::end : finish();
  }
  // The buffer, once; its chunk is whole, or is not wanted any more.
  Buffer& take() { return *std::exchange(buffer_, nullptr); }
  bool has_buffer() const noexcept { return buffer_ != nullptr; }

  ChunkIndex chunk() const noexcept { return chunk_; }
  std::uint64_t digest_of(ChunkIndex chunk) const { return digests_[chunk.value]; }
  Errc failure() const noexcept { return failure_; }
  const Source& source() const noexcept { return source_; }

 private:
  static constexpr std::size_t kSlice = 16;

  Step finish() {
    buffer_->bytes().resize(kHeaderSize + filled_);
    const std::uint64_t digest = wire::chunk_digest(buffer_->payload());
    if (chunk_.value == digests_.size()) {
      digests_.push_back(digest);
    } else if (digests_[chunk_.value] != digest) {
      return fail(Errc::source_changed);
    }
    return Step::ready;
  }
  Step fail(Errc error) {
    failure_ = error;
    return Step::failed;
  }

  Source& source_;
  const Scenario& scenario_;
  ChunkIndex chunk_;
  Buffer* buffer_ = nullptr;
  std::size_t wanted_ = 0;
  std::size_t filled_ = 0;
  std::vector<std::uint64_t> digests_;
  Errc failure_ = Errc::ok;
};

}  // namespace mpiferry::sim

#include "engine/job/source_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/plan/chunk_plan.hpp"

namespace mpiferry::job {

SourceReader::SourceReader(disk::Source source, Bytes chunk_size)
    : source_(std::move(source)), chunk_size_(chunk_size) {
  if (source_.size()) digests_.reserve(plan::ChunkPlan{*source_.size(), chunk_size}.chunks());
}

void SourceReader::begin(ChunkIndex chunk, Lease lease) {
  chunk_ = chunk;
  lease_ = std::move(lease);
  filled_ = 0;
  again_ = chunk.value < digests_.size();
  chunk_digest_.reset();
  wanted_ = chunk_size_.value;
  if (source_.size()) {
    wanted_ = plan::ChunkPlan{*source_.size(), chunk_size_}.length_of(chunk).value;
  }
}

SourceReader::Step SourceReader::step() {
  const auto slice = lease_.payload().subspan(filled_, std::min(kSlice, wanted_ - filled_));
  const Bytes offset = plan::offset(chunk_, chunk_size_) + Bytes{filled_};
  // By the size of chunks, not of slices: the last, short slice of a large chunk is followed by a
  // large one, for which nothing that was read ahead would be of use.
  auto read = disk::ReadAhead::pays_for(chunk_size_) ? ahead_.read(source_, offset, slice)
                                                     : source_.read(offset, slice);
  if (!read) return fail(std::move(read.error()));
  if (read->would_block) return Step::blocked;
  const auto bytes = slice.first(read->bytes);
  filled_ += bytes.size();
  chunk_digest_.update(bytes);
  if (!again_) {
    file_digest_.update(bytes);
    bytes_ += Bytes{bytes.size()};
  }
  if (filled_ == wanted_) return finish();
  if (!read->end) return Step::more;
  return filled_ == 0 ? Step::end : finish();
}

SourceReader::Step SourceReader::finish() {
  if (!again_) {
    digests_.push_back(chunk_digest_.value());
  } else if (digests_[chunk_.value] != chunk_digest_.value()) {
    return fail(
        {.code = Errc::source_changed,
         .detail = "chunk " + std::to_string(chunk_.value) + " differs when it is read again",
         .hint = "run the job again when nobody writes to the source"});
  }
  return Step::ready;
}

SourceReader::Step SourceReader::fail(Failure failure) {
  failure_ = std::move(failure);
  lease_.reset();
  return Step::failed;
}

}  // namespace mpiferry::job

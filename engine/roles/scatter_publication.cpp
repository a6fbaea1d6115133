// What the scattering master leaves in its directory when all is there: sums, and the manifest.
#include <algorithm>
#include <utility>

#include "engine/disk/chunk_name.hpp"
#include "engine/disk/stripe_name.hpp"
#include "engine/plan/data_share.hpp"
#include "engine/roles/scatter_master.hpp"

namespace mpiferry::roles {

// What lies in the master's directory: sums of what it can see there, and the manifest at last.
Outcome ScatterMaster::publish() {
  if (options_.discard) return Nothing{};
  wire::Manifest manifest{.source = options_.source,
                          .size = reader_->bytes(),
                          .chunk_size = options_.chunk_size,
                          .layout = options_.layout,
                          .attributes = reader_->source().attributes(),
                          .digest = reader_->file_digest(),
                          .workers = peers_.manifest_workers(),
                          .moved = moved_chunks(),
                          .chunk_digests = std::move(reader_->digests())};
  if (options_.sparse == Options::Sparse::automatic && data_.empty()) {
    data_ = reader_->source().data();  // no file of the layout `chunks` has holes; FILE may have
  }
  if (!data_.empty()) manifest.data = plan::sum_of(data_);
  if (file_) {
    if (const auto error =
            file_->publish(manifest.size, options_.fsync, /*replace=*/true, stamp())) {
      return write_failure(directory_->path(), disk::kFileName, error.call, error.system_errno);
    }
  }
  const bool shared = file_ || peers_.some_share_master_directory();
  Outcome outcome = Nothing{};
  if (shared) {
    outcome = publish_sums(*directory_, disk::kSumsName, job_id_,
                           [&](const LineSink& put) { list_sums(manifest, put); },
                           {.mode = mode(), .durable = options_.fsync});
  }
  return outcome ? publish_manifest(*directory_, manifest, job_id_,
                                    {.mode = mode(), .durable = options_.fsync})
                 : outcome;
}

// A line for each file in the master's directory.
void ScatterMaster::list_sums(const wire::Manifest& manifest, const LineSink& put) const {
  const auto here = [this](Rank worker) { return peers_.shares_master_directory(worker); };
  switch (options_.layout) {
    case wire::Layout::chunks:
      for (std::uint64_t i = 0; i < manifest.chunk_digests.size(); ++i) {
        const ChunkIndex chunk{i};
        if (here(manifest.holder_of(chunk))) {
          put(wire::sums_line(disk::ChunkName{chunk}.view(), manifest.chunk_digests[i]));
        }
      }
      break;
    case wire::Layout::stripes:
      for (const wire::Manifest::Moved& moved : manifest.moved) {
        if (here(moved.rank)) {
          put(wire::sums_line(disk::ChunkName{moved.chunk}.view(),
                              manifest.chunk_digests[moved.chunk.value]));
        }
      }
      for (int rank = 1; rank < communicator_.size(); ++rank) {
        const auto digest = peers_.stripe_digest(Rank{rank});
        if (digest && here(Rank{rank}))
          put(wire::sums_line(disk::stripe_name(Rank{rank}), *digest));
      }
      break;
    case wire::Layout::file:
      put(wire::sums_line(disk::kFileName, manifest.digest));
      break;
  }
}

std::vector<wire::Manifest::Moved> ScatterMaster::moved_chunks() const {
  std::vector<wire::Manifest::Moved> moved;
  for (const auto& [chunk, to] : sender_->moved()) moved.push_back({chunk, to});
  std::ranges::sort(moved, {}, &wire::Manifest::Moved::chunk);
  return moved;
}

}  // namespace mpiferry::roles

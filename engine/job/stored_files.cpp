#include "engine/job/stored_files.hpp"

#include "engine/disk/chunk_name.hpp"
#include "engine/disk/stripe_name.hpp"

namespace mpiferry::job {

std::string file_name(plan::FileOf kind, ChunkIndex chunk, Rank worker) {
  switch (kind) {
    case plan::FileOf::chunk:
      return std::string{disk::ChunkName{chunk}.view()};
    case plan::FileOf::worker:
      return disk::stripe_name(worker);
    case plan::FileOf::all:
      return std::string{disk::kFileName};
  }
  return {};
}

std::optional<plan::FileOf> file_of(disk::StaleFileKind kind) noexcept {
  switch (kind) {
    case disk::StaleFileKind::chunk:
      return plan::FileOf::chunk;
    case disk::StaleFileKind::stripe:
    case disk::StaleFileKind::partial_stripe:
      return plan::FileOf::worker;
    case disk::StaleFileKind::file:
    case disk::StaleFileKind::partial_file:
      return plan::FileOf::all;
    default:
      return std::nullopt;
  }
}

}  // namespace mpiferry::job

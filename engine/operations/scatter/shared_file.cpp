#include "engine/operations/scatter/shared_file.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/disk/file_name.hpp"
#include "engine/disk/free_space.hpp"
#include "engine/job/preflight.hpp"
#include "engine/operations/scatter/publication.hpp"

namespace mpiferry::operations {

Result<SharedFile> SharedFile::open(const disk::Directory& directory, const SourceFacts& source,
                                    bool resume) {
  const std::string name{disk::kSharedFileName};
  const bool is_new =
      !resume || !(directory.exists(name) || directory.exists(disk::partial_name(name)));
  auto opened = disk::OffsetPartialFile::open(
      directory, name, resume ? disk::OpenMode::resume : disk::OpenMode::create, "",
      disk::mode_before(source.stamp, source.mode));
  if (!opened) return std::move(opened.error());
  SharedFile file{directory, source, std::move(*opened), is_new};
  // A finished file stays as it is until something in it is to change.
  if (file.file_.is_published()) return file;
  if (Outcome reserved = file.reserve(); !reserved) return std::move(reserved.error());
  return file;
}

Outcome SharedFile::unpublish() {
  Outcome unpublished = file_.unpublish();
  return unpublished ? reserve() : unpublished;
}

Outcome SharedFile::publish(Bytes size, bool durable) {
  if (const auto error = file_.publish(size, durable, /*replace=*/true, source_->stamp)) {
    return write_failure(directory_->path(), disk::kSharedFileName, error.call, error.system_errno);
  }
  return Nothing{};
}

void SharedFile::discard_if_new() noexcept {
  if (new_) file_.discard();
}

Outcome SharedFile::reserve() {
  if (!source_->size) return Nothing{};
  const Bytes data = source_->data_size();
  const std::string name = file_.is_published() ? std::string{disk::kSharedFileName}
                                                : disk::partial_name(disk::kSharedFileName);
  const Bytes there = source_->sparse() ? file_.allocated()
                                        : disk::filled_space_of(*directory_, name).value_or(0_B);
  const Bytes needed = data - std::min(data, there);
  // Before: a reservation that fails in the middle of holes that are there cannot be undone.
  if (Outcome space = job::check_capacity(*directory_, file_.path(), needed); !space) return space;
  if (!source_->sparse()) return file_.preallocate(*source_->size);
  return file_.is_published() ? Outcome{Nothing{}} : file_.extend(*source_->size);
}

}  // namespace mpiferry::operations

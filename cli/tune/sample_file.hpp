// A source made for measuring: random bytes in a hidden file that goes again.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/disk/directory.hpp"
#include "engine/storage/storage.hpp"

namespace mpiferry::cli {

// Owns the file ".mpiferry-tune-<16 hex digits>". Move-only; removes the file when it goes. Must
// not outlive its storage.
class SampleFile {
 public:
  // Makes it in the directory `path`, which must be there, and waits until the disk has it, so that
  // no write-back disturbs what is measured. Asks `stop` between slices of a few MiB; a file that
  // was stopped is too short, and still removed.
  // source_not_found, source_unreadable (path, call, errno, hint) if it cannot be made.
  static Result<SampleFile> make(storage::Storage& storage, const std::string& path, Bytes size,
                                 const std::function<bool()>& stop);

  SampleFile(SampleFile&& other) noexcept
      : directory_(std::move(other.directory_)), name_(std::exchange(other.name_, {})) {}
  SampleFile& operator=(SampleFile&&) = delete;
  ~SampleFile() { remove(); }

  std::string path() const { return directory_.path_of(name_); }
  void remove() noexcept;

 private:
  SampleFile(disk::Directory directory, std::string name) noexcept
      : directory_(std::move(directory)), name_(std::move(name)) {}

  disk::Directory directory_;
  std::string name_;  // empty: nothing to remove
};

}  // namespace mpiferry::cli

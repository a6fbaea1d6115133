// A source made for measuring: random bytes in a hidden file that goes again.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"

namespace mpiferry::cli {

// Owns the file ".mpiferry-tune-<16 hex digits>". Move-only; removes the file when it goes.
class SampleFile {
 public:
  // Makes it in `directory`, which must be there, and waits until the disk has it, so that no
  // write-back disturbs what is measured. Asks `stop` between slices of a few MiB; a file that was
  // stopped is too short, and still removed.
  // source_not_found, source_unreadable (path, call, errno, hint) if it cannot be made.
  static Result<SampleFile> make(const std::string& directory, Bytes size,
                                 const std::function<bool()>& stop);

  SampleFile(SampleFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  SampleFile& operator=(SampleFile&&) = delete;
  ~SampleFile() { remove(); }

  const std::string& path() const noexcept { return path_; }
  void remove() noexcept;

 private:
  explicit SampleFile(std::string path) noexcept : path_(std::move(path)) {}
  std::string path_;  // empty: nothing to remove
};

}  // namespace mpiferry::cli

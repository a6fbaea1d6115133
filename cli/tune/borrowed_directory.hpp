// A directory that a rank uses for a while, and leaves as if it had never been there.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.hpp"

namespace mpiferry::cli {

// Makes nothing itself: it remembers which directories on the way to `path` were missing. Several
// ranks may borrow the same directory at the same time.
class BorrowedDirectory {
 public:
  explicit BorrowedDirectory(std::string path);
  BorrowedDirectory(const BorrowedDirectory&) = delete;
  BorrowedDirectory& operator=(const BorrowedDirectory&) = delete;
  ~BorrowedDirectory() { static_cast<void>(give_back()); }

  const std::string& path() const noexcept { return path_; }

  // Removes `path` with all that is in it, and then those of the missing directories that are
  // empty. Can be called again. dest_write_failed if `path` is still there.
  Outcome give_back() noexcept;

 private:
  std::string path_;
  std::vector<std::string> missing_;  // the deepest first
};

}  // namespace mpiferry::cli

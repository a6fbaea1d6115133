// What other jobs left in a directory: read name by name, and removed slice by slice.
#pragma once

#include <cstddef>
#include <dirent.h>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/result.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/leftover.hpp"

namespace mpiferry::disk {

// Reads the directory once. One thread at a time; must not outlive the directory.
class LeftoverScan {
 public:
  struct Entry {
    Leftover kind = Leftover::none;
    const char* name = "";  // valid until the next call
  };

  // A token that holds `own_token` is none; with "" every token is one.
  LeftoverScan(const Directory& directory, std::string own_token)
      : directory_(directory), own_token_(std::move(own_token)) {}

  // The next leftover; nothing at the end. dest_unusable if the directory can not be read.
  Result<std::optional<Entry>> next();

 private:
  struct Close {
    void operator()(DIR* entries) const noexcept { ::closedir(entries); }
  };
  const Directory& directory_;
  std::string own_token_;
  std::unique_ptr<DIR, Close> entries_;  // opened by the first call
};

// Removes what is left, for --force: the manifest first, so that what remains never looks finished.
// Files that vanish meanwhile (another worker removes them too) are no error. One thread at a time;
// must not outlive the directory.
class LeftoverSweep {
 public:
  LeftoverSweep(const Directory& directory, std::string own_token)
      : directory_(directory),
        own_token_(std::move(own_token)),
        scan_(std::in_place, directory, own_token_) {}

  // Removes up to `files` files, at least 1. True if there may be more to do.
  // dest_unusable with the file that can not be removed.
  Result<bool> step(std::size_t files);

 private:
  Outcome remove(const char* name);

  const Directory& directory_;
  std::string own_token_;
  std::optional<LeftoverScan> scan_;
  bool manifest_gone_ = false;
  int passes_ = 0;
  std::size_t removed_ = 0;  // in this pass
};

}  // namespace mpiferry::disk

// What other jobs left in a directory: read name by name, and removed slice by slice.
#pragma once

#include <chrono>
#include <cstdint>
#include <dirent.h>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/base/result.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/leftover.hpp"

namespace mpiferry::disk {

// Reads the directory once. One thread at a time; must not outlive the directory.
class LeftoverScan {
 public:
  struct Entry {
    Leftover kind = Leftover::none;
    const char* name = "";   // valid until the next call
    bool is_regular = true;  // jobs make no other files, so no other is a job's
    // The directory ignores case, and lists a name of ours in another spelling.
    bool respelled = false;

    // False of what no job can have made. True says little about what is known by its content.
    bool may_be_ours() const noexcept {
      return is_regular && (!respelled || is_known_by_content(kind));
    }
  };

  // With an `own_token` of "" every token is another job's.
  LeftoverScan(const Directory& directory, std::string own_token)
      : directory_(directory), own_token_(std::move(own_token)) {}

  // The next name there, whosever it is: Leftover::none for the user's own files and for a token
  // that holds `own_token`. A user's file that one of mpiferry's names leads to, as the directory
  // ignores case, is of that name's kind: it would be replaced or written through. Nothing at the
  // end. dest_unusable if the directory cannot be read.
  Result<std::optional<Entry>> next();

 private:
  struct Close {
    void operator()(DIR* entries) const noexcept { ::closedir(entries); }
  };
  const Directory& directory_;
  std::string own_token_;
  std::unique_ptr<DIR, Close> entries_;  // opened by the first call
};

// Looks at all that is left, marks aside, and changes nothing.
class LeftoverSurvey {
 public:
  // `spared`: as for LeftoverSweep.
  LeftoverSurvey(const Directory& directory, std::string spared)
      : directory_(directory), spared_(std::move(spared)), scan_(directory, "") {}

  // Works for `slice`, and on one name at least. True if there may be more to do. What
  // check_replaceable says of a file that must not go.
  Result<bool> step(std::chrono::steady_clock::duration slice);

  // What will be free without it; a file that has another name elsewhere stays there.
  Bytes bytes() const noexcept { return bytes_; }
  std::uint64_t files() const noexcept { return files_; }

 private:
  const Directory& directory_;
  std::string spared_;
  LeftoverScan scan_;
  Bytes bytes_;
  std::uint64_t files_ = 0;
};

// Which leftovers are to go: of this kind, with this number in the name (leftover_number).
using Doomed = std::function<bool(Leftover, std::optional<std::uint64_t>)>;

// Removes what is left: all of it for --force, or what is `doomed`. The manifest goes first, so
// that what remains never looks finished. Files that vanish meanwhile (another worker removes them
// too) are no error. One thread at a time; must not outlive the directory.
class LeftoverSweep {
 public:
  // `spared`: the id (file_id.hpp) of a file that must not be among them, the source of the very
  // job that asks; "" for none. `doomed` is asked about every name that is mpiferry's, and may be
  // asked several times; a token is never in question. Empty: all. What no job can have made stays.
  LeftoverSweep(const Directory& directory, std::string spared, Doomed doomed = {})
      : directory_(directory),
        spared_(std::move(spared)),
        doomed_(std::move(doomed)),
        looking_(!doomed_ || !spared_.empty()),
        scan_(std::in_place, directory, "") {}

  // Works for `slice`, and on one name at least. True if there may be more to do.
  // Before anything is removed, unless `doomed` chooses: what check_replaceable says of each file.
  // dest_unusable with the file that cannot be removed.
  Result<bool> step(std::chrono::steady_clock::duration slice);

 private:
  bool is_doomed(const LeftoverScan::Entry& entry) const;
  Outcome remove(const char* name);
  Result<bool> end_pass();

  const Directory& directory_;
  std::string spared_;
  Doomed doomed_;
  bool looking_;  // nothing is removed yet
  std::optional<LeftoverScan> scan_;
  bool manifest_gone_ = false;
  int passes_ = 0;
  bool removed_ = false;  // anything, in this pass
};

}  // namespace mpiferry::disk

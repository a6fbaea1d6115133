// What other jobs left in a directory: read name by name, and removed slice by slice.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/base/result.hpp"
#include "engine/clock/clock.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/file_name.hpp"
#include "engine/storage/storage.hpp"

namespace mpiferry::disk {

// Reads the directory once. One thread at a time; must not outlive the directory.
class StaleFileScan {
 public:
  struct Entry {
    FileKind kind = FileKind::foreign;
    const char* name = "";   // valid until the next call
    bool is_regular = true;  // jobs make no other files, so no other is a job's
    // The directory ignores case, and lists a name of ours in another spelling.
    bool respelled = false;
    std::optional<std::uint64_t> number = {};  // FileName::number

    // False of what no job can have made. True says little about what is known by its content.
    bool may_be_ours() const noexcept {
      return is_regular && (!respelled || is_known_by_content(kind));
    }
  };

  // With an `own_job_lock` of "" every job lock is another job's.
  StaleFileScan(const Directory& directory, std::string own_job_lock)
      : directory_(directory), own_job_lock_(std::move(own_job_lock)) {}

  // The next name there, whosever it is: FileKind::foreign for the user's own files and for a
  // job lock that holds `own_job_lock`. A user's file that one of mpiferry's names leads to, as the
  // directory ignores case, is of that name's kind: it would be replaced or written through.
  // Nothing at the end. dest_unusable if the directory cannot be read.
  Result<std::optional<Entry>> next();

 private:
  const Directory& directory_;
  std::string own_job_lock_;
  std::unique_ptr<storage::Listing> entries_;  // opened by the first call
};

// Looks at all that is left, job locks aside, and changes nothing.
class StaleFileSurvey {
 public:
  // `protected_source`: as for StaleFileRemoval.
  StaleFileSurvey(const Directory& directory, std::string protected_source)
      : directory_(directory),
        protected_source_(std::move(protected_source)),
        scan_(directory, "") {}

  // Works for `slice`, and on one name at least. True if there may be more to do. What
  // check_replaceable says of a file that must not go.
  Result<bool> step(const clock::Clock& clock, clock::Duration slice);

  // What will be free without it; a file that has another name elsewhere stays there.
  Bytes bytes() const noexcept { return bytes_; }
  std::uint64_t files() const noexcept { return files_; }

 private:
  const Directory& directory_;
  std::string protected_source_;
  StaleFileScan scan_;
  Bytes bytes_;
  std::uint64_t files_ = 0;
};

// Which stale files are to go: of this kind, with this number in the name (FileName::number).
using ToRemove = std::function<bool(FileKind, std::optional<std::uint64_t>)>;

// Removes what is left: all of it for --force, or what is `to_remove`. The manifest goes first, so
// that what remains never looks finished. Files that vanish meanwhile (another worker removes them
// too) are no error. One thread at a time; must not outlive the directory.
class StaleFileRemoval {
 public:
  // `protected_source`: the id (file_id.hpp) of a file that must not be among them, the source of
  // the very job that asks; "" for none. `to_remove` is asked about every name that is mpiferry's,
  // and may be asked several times; a job lock is never in question. Empty: all. What no job can
  // have made stays.
  StaleFileRemoval(const Directory& directory, std::string protected_source,
                   ToRemove to_remove = {})
      : directory_(directory),
        protected_source_(std::move(protected_source)),
        to_remove_(std::move(to_remove)),
        looking_(!to_remove_ || !protected_source_.empty()),
        scan_(std::in_place, directory, "") {}

  // Works for `slice`, and on one name at least. True if there may be more to do.
  // Before anything is removed, unless `to_remove` chooses: what check_replaceable says of each
  // file. dest_unusable with the file that cannot be removed.
  Result<bool> step(const clock::Clock& clock, clock::Duration slice);

 private:
  bool is_to_remove(const StaleFileScan::Entry& entry) const;
  Outcome remove(const char* name);
  Result<bool> end_pass();

  const Directory& directory_;
  std::string protected_source_;
  ToRemove to_remove_;
  bool looking_;  // nothing is removed yet
  std::optional<StaleFileScan> scan_;
  bool manifest_gone_ = false;
  int passes_ = 0;
  bool removed_ = false;  // anything, in this pass
};

}  // namespace mpiferry::disk

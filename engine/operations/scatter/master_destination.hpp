// What lies at the destination of rank 0: refused, replaced (--force) or resumed.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/base/result.hpp"
#include "engine/disk/directory.hpp"
#include "engine/job/master_session.hpp"
#include "engine/job/task.hpp"
#include "engine/operations/scatter/clearing.hpp"
#include "engine/operations/scatter/job_lock.hpp"
#include "engine/operations/scatter/options.hpp"
#include "engine/operations/scatter/shared_file.hpp"
#include "engine/operations/scatter/source_facts.hpp"
#include "engine/plan/layout.hpp"
#include "engine/wire/manifest.hpp"

namespace mpiferry::operations {

// Not thread-safe. What it refers to outlives it.
class MasterDestination {
 public:
  // `before_removal` is awaited before --force removes anything.
  MasterDestination(job::MasterSession& session, const ScatterOptions& options,
                    const SourceFacts& source, std::function<job::Task<>()> before_removal);

  // Opens the directory, takes its job lock, and looks at what lies there. Ends early when the job
  // has failed.
  job::Task<Outcome> claim();

  // --force, where no file goes before all workers have said that theirs will fit.
  bool clears() const noexcept;
  // Then: removes the files. clearing() from then on, as some may be gone.
  job::Task<Outcome> clear();
  bool clearing() const noexcept { return clearing_; }
  // What goes.
  const StaleFiles& stale_files() const noexcept { return stale_files_; }

  // --resume: before anything changes here. What lies here is no finished job any more.
  Outcome unpublish();
  bool unpublished() const noexcept { return unpublished_; }
  // --resume: the job that finished here.
  const std::optional<wire::Manifest>& finished() const noexcept { return finished_; }

  // Whether this job still has its directory, when all is written: dest_unusable, dest_occupied.
  Outcome check_still_ours() const;
  // The job is over. `unused`: nothing was written.
  void release(bool failed, bool unused);

  // After claim() has opened it; else "".
  std::string path() const { return directory_ ? directory_->path() : ""; }
  const disk::Directory& directory() const { return *directory_; }
  // Of a layout that makes one file.
  std::optional<SharedFile>& file() noexcept { return file_; }
  const std::string& lock_text() const noexcept { return lock_.text(); }

 private:
  job::Task<Outcome> take_directory();
  job::Task<Outcome> replace();
  job::Task<Outcome> resume();
  job::Task<Outcome> remove_stale_files();
  Outcome acquire_lock();
  Outcome sync_if_durable() const;
  Outcome check_finished();
  Outcome check_capacity_for_file() const;

  job::MasterSession& session_;
  const ScatterOptions& options_;
  const plan::Layout layout_;
  const SourceFacts& source_;
  const std::function<job::Task<>()> before_removal_;
  std::optional<disk::Directory> directory_;
  JobLock lock_;
  std::optional<SharedFile> file_;
  StaleFiles stale_files_;
  bool clearing_ = false;
  std::optional<wire::Manifest> finished_;
  bool unpublished_ = false;
};

}  // namespace mpiferry::operations

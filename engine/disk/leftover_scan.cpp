#include "engine/disk/leftover_scan.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "engine/disk/destination_failure.hpp"

namespace mpiferry::disk {

Result<std::optional<LeftoverScan::Entry>> LeftoverScan::next() {
  if (!entries_) {
    // A description of its own: the directory's position would be shared between scans.
    Descriptor descriptor{
        ::openat(directory_.descriptor_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    entries_.reset(descriptor ? ::fdopendir(descriptor.get()) : nullptr);
    if (!entries_) {
      return destination_failure(Errc::dest_unusable, directory_.path(), "opendir", errno);
    }
    descriptor.release();
  }
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(entries_.get());
    if (entry == nullptr) break;
    const Leftover kind = leftover_kind(entry->d_name);
    if (kind == Leftover::none) continue;
    if (kind == Leftover::token) {
      if (!own_token_.empty() && directory_.holds_token(own_token_)) continue;
      if (!directory_.exists(kTokenName)) continue;  // that job has just ended
    }
    return std::optional{Entry{kind, entry->d_name}};
  }
  if (errno != 0) {
    return destination_failure(Errc::dest_unusable, directory_.path(), "readdir", errno);
  }
  return std::optional<Entry>{};
}

Outcome LeftoverSweep::remove(const char* name) {
  if (::unlinkat(directory_.descriptor_.get(), name, 0) == 0) {
    ++removed_;
  } else if (errno != ENOENT) {
    return destination_failure(Errc::dest_unusable, directory_.path_of(name), "unlink", errno);
  }
  return Nothing{};
}

Result<bool> LeftoverSweep::step(std::size_t files) {
  // Some file systems skip entries when a directory is emptied while it is read, hence another
  // pass until one finds nothing; but no fight with a job that goes on writing here.
  constexpr int kMaxPasses = 8;
  if (!std::exchange(manifest_gone_, true)) {
    if (Outcome gone = remove(std::string{kManifestName}.c_str()); !gone) return gone.error();
  }
  for (std::size_t i = 0; i < files; ++i) {
    const auto entry = scan_->next();
    if (!entry) return entry.error();
    if (!*entry) {
      const bool again = removed_ > 0 && ++passes_ < kMaxPasses;
      removed_ = 0;
      if (again) scan_.emplace(directory_, own_token_);
      return again;
    }
    if (Outcome gone = remove((*entry)->name); !gone) return gone.error();
  }
  return true;
}

}  // namespace mpiferry::disk

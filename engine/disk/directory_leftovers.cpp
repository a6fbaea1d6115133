// Directory: what other jobs left behind.
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string>
#include <tuple>
#include <unistd.h>
#include <utility>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/file_id.hpp"

namespace mpiferry::disk {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

// What lies in a destination, counted.
struct Survey {
  std::uint64_t chunks = 0;
  std::uint64_t parts = 0;
  bool manifest = false;
  bool token = false;
  Leftover first_kind = Leftover::none;
  std::string first;

  void add(Leftover kind, std::string_view name) {
    chunks += kind == Leftover::chunk;
    parts += kind == Leftover::part;
    manifest |= kind == Leftover::manifest;
    token |= kind == Leftover::token;
    // Shorter before longer, so that chunk_2 comes before chunk_10.
    const auto rank = [](Leftover k, std::string_view n) { return std::tuple{k, n.size(), n}; };
    if (first.empty() || rank(kind, name) < rank(first_kind, first)) {
      first_kind = kind;
      first = name;
    }
  }
};

std::string counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string{noun} + (count == 1 ? "" : "s");
}

}  // namespace

Outcome Directory::visit_leftovers(
    std::string_view own_token,
    const std::function<Outcome(Leftover, const char* name)>& visit) const {
  // A description of its own: descriptor_'s position would be shared between scans.
  Descriptor descriptor{::openat(descriptor_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  const std::unique_ptr<DIR, CloseDirectory> entries{descriptor ? ::fdopendir(descriptor.get())
                                                                : nullptr};
  if (!entries) return destination_failure(Errc::dest_unusable, path_, "opendir", errno);
  descriptor.release();
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(entries.get());
    if (entry == nullptr) break;
    const Leftover kind = leftover_kind(entry->d_name);
    if (kind == Leftover::none) continue;
    if (kind == Leftover::token) {
      if (!own_token.empty() && holds_token(own_token)) continue;
      if (!exists(kTokenName)) continue;  // that job has just ended
    }
    if (Outcome outcome = visit(kind, entry->d_name); !outcome) return outcome;
  }
  if (errno != 0) return destination_failure(Errc::dest_unusable, path_, "readdir", errno);
  return Nothing{};
}

Outcome Directory::check_vacant(std::string_view own_token) const {
  Survey survey;
  Outcome outcome = visit_leftovers(own_token, [&survey](Leftover kind, const char* name) {
    survey.add(kind, name);
    return Outcome{Nothing{}};
  });
  if (!outcome) return outcome;
  if (survey.first.empty()) return Nothing{};

  Failure occupied;
  occupied.code = Errc::dest_occupied;
  occupied.path = path_;
  if (survey.token) {
    const std::string owner = token_text();
    occupied.detail = "a job is running here, or was killed";
    if (!owner.empty()) occupied.detail += " (" + owner + ")";
    occupied.hint = "wait for that job, or remove its files with --force if it is dead";
  } else {
    occupied.detail =
        survey.manifest ? "a finished job's files are here" : "an unfinished job's files are here";
    occupied.hint = "name another destination, or replace these files with --force";
  }
  occupied.detail += ": " + counted(survey.chunks, "chunk");
  if (survey.parts != 0) occupied.detail += ", " + counted(survey.parts, "part");
  occupied.detail += ", the first file is " + quoted(survey.first);
  return occupied;
}

Outcome Directory::check_spares(std::string_view file_id) const {
  return visit_leftovers("", [this, file_id](Leftover, const char* name) -> Outcome {
    struct stat status {};
    if (::fstatat(descriptor_.get(), name, &status, AT_SYMLINK_NOFOLLOW) != 0) return Nothing{};
    if (disk::file_id(status) != file_id) return Nothing{};
    Failure failure{.code = Errc::invalid_argument, .path = path_of(name)};
    failure.detail = "--force would remove the source itself, which has a name of this job's files";
    failure.hint = "name another destination";
    return failure;
  });
}

Outcome Directory::remove_leftovers(std::string_view own_token) const {
  // Some file systems skip entries when a directory is emptied while it is read, hence another
  // pass until one finds nothing; but no fight with a job that goes on writing here.
  constexpr int kMaxPasses = 8;
  std::uint64_t removed = 0;
  const auto remove = [this, &removed](Leftover, const char* name) -> Outcome {
    if (::unlinkat(descriptor_.get(), name, 0) == 0) {
      ++removed;
    } else if (errno != ENOENT) {
      return destination_failure(Errc::dest_unusable, path_of(name), "unlink", errno);
    }
    return Nothing{};
  };
  if (Outcome outcome = remove(Leftover::manifest, std::string{kManifestName}.c_str()); !outcome)
    return outcome;
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    removed = 0;
    if (Outcome outcome = visit_leftovers(own_token, remove); !outcome) return outcome;
    if (removed == 0) break;
  }
  return Nothing{};
}

}  // namespace mpiferry::disk

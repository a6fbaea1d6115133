// The directory that receives chunks: one file a chunk, visible under its name only when whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"

namespace mpiferry::disk {

// The calls that can fail while a chunk is written; for acks, which carry no text.
enum class Call : std::uint8_t { none, open, write, sync, rename };

struct WriteError {
  Call call = Call::none;
  int system_errno = 0;
  explicit operator bool() const noexcept { return call != Call::none; }
};

// An unfinished file. Its name starts with a dot and ends with ".part"; it is removed when the
// object is destroyed before `publish`. Move-only.
class PartFile {
 public:
  PartFile(PartFile&& other) noexcept;
  PartFile& operator=(PartFile&&) = delete;
  ~PartFile();

  // Appends all of `bytes`; handles short writes and EINTR. A write of 0 bytes is an ENOSPC.
  // On ENOSPC, EDQUOT, EIO, EFBIG and all others: the error; the file is then removed by the
  // destructor.
  WriteError append(std::span<const std::byte> bytes) noexcept;
  // Closes the file and gives it its final name in one rename; with `durable` after an fsync.
  // Replaces what is there. Does not sync the directory: `Directory::sync` does.
  WriteError publish(bool durable) noexcept;

 private:
  friend class Directory;
  PartFile(int directory, int descriptor, std::string_view part_name,
           std::string_view final_name) noexcept;
  // Names are kept in place, without the heap: a chunk must cost no allocation.
  static constexpr std::size_t kNameSize = 96;
  int directory_;
  int descriptor_;
  char part_name_[kNameSize];
  char final_name_[kNameSize];
};

struct OpenedPart;

class Directory {
 public:
  // Creates `path` and its missing parents (mode 0777 less the umask) and opens it.
  // dest_unusable with path, call, errno, and a hint where one helps (not a directory, no
  // permission, read-only file system).
  static Result<Directory> open_or_create(const std::string& path);

  Directory(Directory&& other) noexcept;
  Directory& operator=(Directory&&) = delete;
  ~Directory();

  const std::string& path() const noexcept { return path_; }
  // "device:inode"; two paths of one host name the same directory if it is equal.
  std::string id() const;

  // dest_unusable unless a file can be made, written and removed here.
  Outcome probe_writable() const;

  // What an earlier or a concurrent job left here: chunk_<digits>.bin, manifest.json, XXH3SUMS and
  // XXH3SUMS.<digits>, parts (".*.part"), and `.mpiferry.job` unless it holds `own_token`.
  // dest_occupied with counts of chunks and the first such name if there is any; its detail says
  // whether it looks like a finished job (manifest), an unfinished one or one that is running.
  Outcome check_vacant(std::string_view own_token) const;
  // Removes all of the above (for --force), again except a `.mpiferry.job` that holds `own_token`.
  // Files that vanish meanwhile (another worker removes them too) are no error.
  Outcome remove_leftovers(std::string_view own_token) const;

  // `.mpiferry.job`, the mark that a job is running here, created O_EXCL with `text`.
  // dest_occupied (detail: whose job it is, from the text there; hint --force) if there is one.
  Outcome create_token(std::string_view text) const;
  // Whether `.mpiferry.job` exists here and holds exactly `text`.
  bool holds_token(std::string_view text) const;
  // Removes `.mpiferry.job` if it holds exactly `text`.
  void remove_token(std::string_view text) const noexcept;

  // Starts a file that will be called `final_name` (at most 64 characters, no '/'); the part's name
  // is ".<final_name>.<16 hex digits of job_id>.part". O_EXCL, O_NOFOLLOW, 0666 less the umask.
  // A part of the same name that is there already (a resend's predecessor) is replaced.
  // No allocation. On failure `error` is set and the object is empty.
  OpenedPart open_part(std::string_view final_name, std::uint64_t job_id) const noexcept;

  // fsync of the directory itself, so that names are durable. dest_write_failed.
  Outcome sync() const;
  bool exists(std::string_view name) const noexcept;

 private:
  Directory(std::string path, int descriptor) noexcept;
  std::string path_;
  int descriptor_;
};

struct OpenedPart {
  PartFile file;
  WriteError error;
};

// "chunk_7.bin" in a buffer of its own; no allocation.
class ChunkName {
 public:
  explicit ChunkName(ChunkIndex chunk) noexcept;
  std::string_view view() const noexcept { return {text_, size_}; }

 private:
  char text_[40];
  std::size_t size_;
};

// `pattern` with {rank} and {host} replaced; other braces stay.
std::string expand_destination(std::string_view pattern, Rank rank, std::string_view host);

}  // namespace mpiferry::disk

// Which names in a destination are mpiferry's. All others are the user's, and stay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/units.hpp"
#include "engine/wire/layout.hpp"

namespace mpiferry::disk {

inline constexpr std::string_view kManifestName = "manifest.json";
inline constexpr std::string_view kSumsName = "XXH3SUMS";
// The job lock of a running job.
inline constexpr std::string_view kJobLockName = ".mpiferry.job";
// Ends the name of a file that is not finished.
inline constexpr std::string_view kPartialSuffix = ".part";

// "chunk_7.bin" in a buffer of its own; no allocation.
class ChunkName {
 public:
  explicit ChunkName(ChunkIndex chunk) noexcept;
  std::string_view view() const noexcept { return {text_, size_}; }

 private:
  char text_[40];  // with at most 20 digits
  std::size_t size_;
};

// "stripe_3.bin"
std::string stripe_name(Rank worker);
inline constexpr std::string_view kSharedFileName = wire::file_pattern(wire::FileOf::all);
// The one of the three that a chunk lies in, which this worker holds.
std::string file_name(wire::FileOf kind, ChunkIndex chunk, Rank worker);
// Under which a stripe or file.bin is written.
std::string partial_name(std::string_view name);

// In the order in which a report names the first.
enum class FileKind : std::uint8_t {
  chunk,           // chunk_<digits>.bin
  stripe,          // stripe_<digits>.bin
  shared_file,     // file.bin
  manifest,        // manifest.json
  sums,            // XXH3SUMS, XXH3SUMS.<digits>
  partial_stripe,  // stripe_<digits>.bin.part: a later job may resume it
  partial_shared,  // file.bin.part: as above
  // .<name>.<16 hex digits>.part, the digits a job's id, so that no later job resumes it. No wider
  // pattern than that: --force removes these, and ".x.part" may be a browser's.
  partial,
  job_lock,  // .mpiferry.job
  foreign    // none of mpiferry's names
};

struct FileName {
  FileKind kind = FileKind::foreign;
  // The <digits>, if mpiferry itself would write them so: not of "chunk_007.bin", which is of
  // mpiferry's kind and no name of chunk 7.
  std::optional<std::uint64_t> number;
};

FileName read_file_name(std::string_view name) noexcept;
inline FileKind file_kind(std::string_view name) noexcept { return read_file_name(name).kind; }

// Whose chunks a file of this kind holds, be it finished or one that a job may resume. Nothing: it
// holds no chunks, or no job resumes it.
std::optional<wire::FileOf> file_of(FileKind kind) noexcept;

// Written by a job that has not finished it.
constexpr bool is_partial(FileKind kind) noexcept {
  return kind == FileKind::partial_stripe || kind == FileKind::partial_shared ||
         kind == FileKind::partial;
}

// Whether what a file of this kind holds says that it is mpiferry's. Chunks, stripes and file.bin
// hold the source's bytes: only their names say it.
constexpr bool is_known_by_content(FileKind kind) noexcept {
  return kind == FileKind::manifest || kind == FileKind::sums || kind == FileKind::job_lock;
}

// `name` in upper and lower case as mpiferry writes its names: "chunk_1.bin" for "Chunk_1.BIN".
std::string in_our_spelling(std::string_view name);

}  // namespace mpiferry::disk

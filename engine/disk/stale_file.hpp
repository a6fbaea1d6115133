// Which names in a destination are mpiferry's. All others are the user's, and stay.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mpiferry::disk {

inline constexpr std::string_view kManifestName = "manifest.json";
inline constexpr std::string_view kSumsName = "XXH3SUMS";
// The job lock of a running job.
inline constexpr std::string_view kJobLockName = ".mpiferry.job";

// The one file of the layout `file`.
inline constexpr std::string_view kFileName = "file.bin";

// In the order in which a report names the first. `part` is that of a chunk or of any other file
// that has a job's id in its name: no later job goes on with it. The other two it may go on with.
enum class StaleFileKind : std::uint8_t {
  chunk,
  stripe,
  file,
  manifest,
  sums,
  partial_stripe,
  partial_file,
  partial,
  job_lock,
  none
};

// chunk: chunk_<digits>.bin; stripe: stripe_<digits>.bin; file: file.bin; sums: XXH3SUMS,
// XXH3SUMS.<digits>; partial_stripe, partial_file: the same with ".part"; partial: .<name>.<16 hex
// digits>.part, and no wider than that: --force removes these, and ".x.part" may be a browser's.
StaleFileKind stale_file_kind(std::string_view name) noexcept;

// Whether what a file of this kind holds says that it is mpiferry's. Chunks, stripes and file.bin
// hold the source's bytes: only their names say it.
constexpr bool is_known_by_content(StaleFileKind kind) noexcept {
  return kind == StaleFileKind::manifest || kind == StaleFileKind::sums ||
         kind == StaleFileKind::job_lock;
}

// `name` in upper and lower case as mpiferry writes its names: "chunk_1.bin" for "Chunk_1.BIN".
std::string in_our_spelling(std::string_view name);

// The <digits> of `name`, as mpiferry itself would write them. Nothing if it has none, and for
// "chunk_007.bin", which is a stale file and no name of chunk 7.
std::optional<std::uint64_t> stale_file_number(std::string_view name) noexcept;

}  // namespace mpiferry::disk

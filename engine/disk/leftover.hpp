// Which names in a destination are mpiferry's. All others are the user's, and stay.
#pragma once

#include <cstdint>
#include <string_view>

namespace mpiferry::disk {

inline constexpr std::string_view kManifestName = "manifest.json";
inline constexpr std::string_view kSumsName = "XXH3SUMS";
// The mark of a running job.
inline constexpr std::string_view kTokenName = ".mpiferry.job";

// In the order in which a report names the first.
enum class Leftover : std::uint8_t { chunk, manifest, sums, part, token, none };

// chunk: chunk_<digits>.bin; sums: XXH3SUMS, XXH3SUMS.<digits>; part: .<name>.<16 hex digits>.part,
// and no wider than that: --force removes these, and ".x.part" may be a browser's.
Leftover leftover_kind(std::string_view name) noexcept;

}  // namespace mpiferry::disk

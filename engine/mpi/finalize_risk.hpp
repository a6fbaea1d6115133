// Which MPI libraries cannot be trusted to return from MPI_Finalize: a policy without MPI.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

namespace mpiferry::mpi {
namespace detail {

// Of "4.0.2" the 4 and the 0. A version that cannot be read is older than any.
struct Version {
  int major = 0;
  int minor = 0;
  auto operator<=>(const Version&) const = default;

  static Version in(std::string_view text) noexcept {
    text.remove_prefix(std::min(text.find_first_of("0123456789"), text.size()));
    const char* const end = text.data() + text.size();
    Version version;
    const auto parsed = std::from_chars(text.data(), end, version.major);
    if (parsed.ptr != end && *parsed.ptr == '.') {
      std::from_chars(parsed.ptr + 1, end, version.minor);
    }
    return version;
  }
};

// Of a value of UCX_TLS: "tcp,self" lists what may be used, "^tcp" what may not.
inline bool allows_shared_memory(std::string_view transports) noexcept {
  static constexpr auto kShared = std::to_array<std::string_view>(
      {"all", "sm", "shm", "mm", "posix", "sysv", "xpmem", "cma", "knem"});
  const bool excludes = transports.starts_with('^');
  if (excludes) transports.remove_prefix(1);
  bool named = false;
  while (!transports.empty()) {
    const std::size_t comma = std::min(transports.find(','), transports.size());
    named = named || std::ranges::find(kShared, transports.substr(0, comma)) != kShared.end();
    transports.remove_prefix(std::min(comma + 1, transports.size()));
  }
  return named != excludes;
}

}  // namespace detail

// Whether MPI_Finalize may never return, although every rank has called it. MPICH before 4.2 on UCX
// closes its TCP connections with a flush that the peer has to answer, and the first rank that is
// done waits in a barrier of the launcher, where it answers nobody (pmodels/mpich#6596 removed that
// barrier). docs/decisions/0019 has the figures.
// `library`: the text of MPI_Get_library_version. `one_host`: all ranks share a host. `transports`:
// the value of UCX_TLS, or nothing if it is not set.
inline bool finalize_may_hang(std::string_view library, bool one_host,
                              std::optional<std::string_view> transports) noexcept {
  static constexpr std::string_view kName = "MPICH Version:";
  const std::size_t name = library.find(kName);
  if (name == std::string_view::npos || library.find("ch4:ucx") == std::string_view::npos) {
    return false;
  }
  if (detail::Version::in(library.substr(name + kName.size())) >= detail::Version{4, 2}) {
    return false;
  }
  return !one_host || (transports && !detail::allows_shared_memory(*transports));
}

}  // namespace mpiferry::mpi

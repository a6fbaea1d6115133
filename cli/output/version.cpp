#include "cli/output/version.hpp"

#include <fstream>
#include <span>
#include <vector>

#include <boost/version.hpp>
#include <fmt/format.h>
#include <xxhash.h>

#include "engine/mpi/environment.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry::cli {

std::string program_version() { return MPIFERRY_VERSION; }

std::string build_text() {
  std::ifstream program{"/proc/self/exe", std::ios::binary};
  std::vector<char> piece(std::size_t{1} << 18U);
  wire::ChunkDigest digest;
  while (program.read(piece.data(), static_cast<std::streamsize>(piece.size())) ||
         program.gcount() > 0) {
    const auto got = static_cast<std::size_t>(program.gcount());
    digest.update(std::as_bytes(std::span{piece}.first(got)));
  }
  return fmt::format("{} ({})", MPIFERRY_VERSION, wire::to_hex(digest.value()));
}

std::string version_text() {
  const unsigned xxhash = XXH_versionNumber();
  const char* warning =
      wire::digests_are_real()
          ? ""
          : "\nWARNING: built with MPIFERRY_NO_DIGEST: this build CHECKS NOTHING, benchmarks only";
  return fmt::format("mpiferry {}\nMPI: {}\nBoost: {}.{}.{}\nxxHash: {}.{}.{}{}", MPIFERRY_VERSION,
                     mpi::Environment::library_version(), BOOST_VERSION / 100000,
                     BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100, xxhash / 10000,
                     xxhash / 100 % 100, xxhash % 100, warning);
}

}  // namespace mpiferry::cli

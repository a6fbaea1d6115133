#include "cli/version.hpp"

#include <boost/version.hpp>
#include <fmt/format.h>
#include <xxhash.h>

#include "engine/mpi/environment.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry::cli {

std::string program_version() { return MPIFERRY_VERSION; }

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

// The versions of this program and of its libraries.
#pragma once

#include <string>

namespace mpiferry::cli {

// "0.1.0"
std::string program_version();
// mpiferry, the MPI library, Boost, xxHash: a line each.
std::string version_text();

// "0.1.0 (9f3a...)": the version, and the XXH3 of the program's own file, so that ranks can check
// that they run the same program.
std::string build_text();

}  // namespace mpiferry::cli

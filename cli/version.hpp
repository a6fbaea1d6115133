// What this program is made of.
#pragma once

#include <string>

namespace mpiferry::cli {

// "0.1.0"
std::string program_version();
// mpiferry, the MPI library, Boost, xxHash: a line each.
std::string version_text();

}  // namespace mpiferry::cli

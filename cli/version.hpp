// What this program is made of.
#pragma once

#include <string>

namespace mpiferry::cli {

// mpiferry, the MPI library, Boost, xxHash: a line each.
std::string version_text();

}  // namespace mpiferry::cli

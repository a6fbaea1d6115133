// Names that a report or a profile must not have.
#pragma once

#include <string>

namespace mpiferry::cli {

// Whether two names, neither of which need be there, mean the same file.
bool same_file(const std::string& one, const std::string& other);

}  // namespace mpiferry::cli

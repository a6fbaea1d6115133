// Names that a report or a profile must not have.
#pragma once

#include <string>

namespace mpiferry::cli {

// Whether two names are of the same file, which need not exist.
bool same_file(const std::string& one, const std::string& other);

// Throws CLI::ParseError for `option` if its file `name` is `directory`, where the job's files are
// (DEST or DIR; empty: nowhere), or would be taken for one of them. The values of {rank} and {host}
// are not known here, only the pattern.
void check_output_name(const char* option, const std::string& name, const std::string& directory);

}  // namespace mpiferry::cli

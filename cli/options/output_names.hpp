// Names that a report or a profile must not have.
#pragma once

#include <string>

namespace mpiferry::cli {

// Whether two names, neither of which need be there, mean the same file.
bool same_file(const std::string& one, const std::string& other);

// Throws CLI::ParseError for `option` if its file `name` is `directory`, where the job's files are
// (DEST or DIR; empty: nowhere), or would be taken for one of them. What {rank} and {host} stand
// for is not known here; of those directories only the names are.
void check_output_name(const char* option, const std::string& name, const std::string& directory);

}  // namespace mpiferry::cli

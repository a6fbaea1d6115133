#pragma once

#include <string>

namespace mpiferry::cli {

// What a file of text holds; empty if it cannot be read, which is no error here: a process may end
// between the open and the read of its file in /proc.
std::string text_of(const std::string& path);

}  // namespace mpiferry::cli

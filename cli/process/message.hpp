// What the program prints for people.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace mpiferry {
struct Failure;
}

namespace mpiferry::cli {

// Prints and flushes. False if that fails: standard output may be full or closed.
bool print(std::FILE* out, const std::string& text);

// "mpiferry: error: <text>" and "mpiferry: warning: <text>", a line each.
std::string error_line(std::string_view text);
std::string warning_line(std::string_view text);

// "mpiferry: error: <what, where, why>" and, on a line of its own, what to do next.
std::string error_text(const Failure& failure);
// "mpiferry: warning: <what, where, why>"
std::string warning_text(const Failure& failure);

}  // namespace mpiferry::cli

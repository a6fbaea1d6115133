// The exit codes of the program: the one table, with docs/reference/exit-codes.md.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"

namespace mpiferry::cli {

// 0 done, 2 usage, 3 source, 4 destination, 5 integrity, 6 stalled, 7 launch, 70 internal,
// 130 interrupted: the values of ErrorClass.
constexpr int exit_code(ErrorClass error_class) noexcept { return static_cast<int>(error_class); }
inline int exit_code(Errc code) noexcept { return exit_code(error_class(code)); }

// What a class means to one command, in place of its name.
struct ExitCodeMeaning {
  ErrorClass error_class;
  std::string_view text;  // "a chunk is missing or damaged"
};
// All exit codes, for --help: "Exit codes: 0 done, 2 usage, ..." in lines of up to 100 columns.
std::string exit_codes_text(std::span<const ExitCodeMeaning> meanings = {});

}  // namespace mpiferry::cli

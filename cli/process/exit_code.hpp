// The exit codes of the program: the one table, with docs/reference/exit-codes.md.
#pragma once

#include "engine/base/error.hpp"

namespace mpiferry::cli {

// 0 done, 2 usage, 3 source, 4 destination, 5 integrity, 6 stalled, 7 launch, 70 internal,
// 130 interrupted: the values of ErrorClass.
constexpr int exit_code(ErrorClass error_class) noexcept { return static_cast<int>(error_class); }
inline int exit_code(Errc code) noexcept { return exit_code(error_class(code)); }

}  // namespace mpiferry::cli

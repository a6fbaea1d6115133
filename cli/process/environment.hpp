// Variables of the environment, before there are threads.
#pragma once

#include <optional>

namespace mpiferry::cli {

// nullptr if there is none.
const char* environment_value(const char* name);
// Its value as a number; nothing if it is not one.
std::optional<int> environment_number(const char* name);

}  // namespace mpiferry::cli

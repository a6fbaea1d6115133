#include "cli/process/environment.hpp"

#include <cstdlib>

#include "cli/process/whole_number.hpp"

namespace mpiferry::cli {

const char* environment_value(const char* name) {
  return std::getenv(name);  // NOLINT(concurrency-mt-unsafe): no threads yet
}

std::optional<int> environment_number(const char* name) {
  const char* const text = environment_value(name);
  return text != nullptr ? whole_number<int>(text) : std::nullopt;
}

}  // namespace mpiferry::cli

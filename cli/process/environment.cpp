#include "cli/process/environment.hpp"

#include <charconv>
#include <cstdlib>
#include <string_view>
#include <system_error>

namespace mpiferry::cli {

const char* environment_value(const char* name) {
  return std::getenv(name);  // NOLINT(concurrency-mt-unsafe): no threads yet
}

std::optional<int> environment_number(const char* name) {
  const char* const text = environment_value(name);
  if (text == nullptr) return std::nullopt;
  const std::string_view view{text};
  int value = 0;
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
  if (error != std::errc{} || end != view.data() + view.size()) return std::nullopt;
  return value;
}

}  // namespace mpiferry::cli

#include "cli/process/message.hpp"

#include <fmt/format.h>

#include "cli/process/option_names.hpp"
#include "engine/base/failure.hpp"

namespace mpiferry::cli {

bool print(std::FILE* out, const std::string& text) {
  return std::fputs(text.c_str(), out) >= 0 && std::fflush(out) == 0;
}

std::string error_line(std::string_view text) { return fmt::format("mpiferry: error: {}\n", text); }

std::string warning_line(std::string_view text) {
  return fmt::format("mpiferry: warning: {}\n", text);
}

std::string error_text(const Failure& failure) {
  const Failure typed = with_option_names(failure);
  std::string text = error_line(typed.message());
  if (!typed.hint.empty()) text += fmt::format("  hint: {}\n", printable(typed.hint));
  return text;
}

std::string warning_text(const Failure& failure) {
  return warning_line(with_option_names(failure).message());
}

}  // namespace mpiferry::cli

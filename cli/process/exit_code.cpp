#include "cli/process/exit_code.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include <fmt/format.h>

namespace mpiferry::cli {
namespace {

constexpr std::size_t kColumns = 100;

constexpr auto kClasses =
    std::to_array<ErrorClass>({ErrorClass::none, ErrorClass::usage, ErrorClass::source,
                               ErrorClass::destination, ErrorClass::integrity, ErrorClass::stalled,
                               ErrorClass::launch, ErrorClass::internal, ErrorClass::interrupted});

}  // namespace

std::string exit_codes_text(std::span<const ExitCodeMeaning> meanings) {
  std::string text;
  std::string line = "Exit codes:";
  for (const ErrorClass error_class : kClasses) {
    const auto own = std::ranges::find(meanings, error_class, &ExitCodeMeaning::error_class);
    const std::string entry =
        fmt::format(" {} {}{}", exit_code(error_class),
                    own != meanings.end() ? own->text : class_name(error_class),
                    error_class == kClasses.back() ? "." : ",");
    if (line.size() + entry.size() > kColumns) {
      text += line + "\n";
      line = entry.substr(1);
    } else {
      line += entry;
    }
  }
  return text + line;
}

}  // namespace mpiferry::cli

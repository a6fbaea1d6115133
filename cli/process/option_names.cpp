#include "cli/process/option_names.hpp"

#include <algorithm>
#include <utility>

namespace mpiferry::cli {
namespace {

bool is_of_name(char letter) noexcept { return (letter >= 'a' && letter <= 'z') || letter == '_'; }

std::string option_of(std::string_view field) {
  if (field == "faults") return "--fault";  // given once for each
  std::string option = "--";
  option += field;
  std::ranges::replace(option, '_', '-');
  return option;
}

}  // namespace

std::string with_option_names(std::string_view text) {
  std::string out;
  for (;;) {
    const std::size_t open = text.find('`');
    out += text.substr(0, open);
    if (open == std::string_view::npos) return out;
    text.remove_prefix(open);
    const auto* const end = std::ranges::find_if_not(text.begin() + 1, text.end(), is_of_name);
    const auto length = static_cast<std::size_t>(end - text.begin());
    const bool named = length > 1 && end != text.end() && *end == '`';
    out += named ? option_of(text.substr(1, length - 1)) : std::string{text.front()};
    text.remove_prefix(named ? length + 1 : 1);
  }
}

Failure with_option_names(Failure failure) {
  failure.detail = with_option_names(failure.detail);
  failure.hint = with_option_names(failure.hint);
  return failure;
}

void name_options(JobReport& job) {
  if (job.failure) job.failure = with_option_names(std::move(*job.failure));
  for (Failure& warning : job.warnings) warning = with_option_names(std::move(warning));
}

}  // namespace mpiferry::cli

#include "cli/tune/tune_result.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "cli/process/message.hpp"

namespace mpiferry::cli {

void TuneResult::fail(Failure why) {
  if (failure) return;
  if (why.system_errno == ENOSPC || why.system_errno == EDQUOT) {
    why.hint = "free some space there, or choose a smaller --size";
  }
  verdict = why.code;
  failure = std::move(why);
}

void TuneResult::abandon(Failure why) {
  abandoned = true;
  if (failure && failure->code == why.code) failure.reset();  // it says less
  if (failure) {
    warning += warning_text(why);
  } else {
    fail(std::move(why));
  }
}

void add_once(std::vector<std::string>& list, const std::string& text) {
  if (std::ranges::find(list, text) == list.end()) list.push_back(text);
}

}  // namespace mpiferry::cli

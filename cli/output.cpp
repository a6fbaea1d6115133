#include "cli/output.hpp"

#include <unistd.h>
#include <utility>

namespace mpiferry::cli {

Output Output::choose(const Wishes& wishes) {
  Output output{.out = wishes.taken ? stderr : stdout, .lines = wishes.verbose && !wishes.quiet};
  std::optional<Terminal> terminal = Terminal::behind(STDERR_FILENO);
  output.progress =
      shows(wishes.progress, terminal.has_value() && !wishes.quiet && !wishes.verbose);
  // Other ranks print lines of -v, which would continue a line that was left open.
  if (!output.progress || wishes.verbose || !terminal) return output;
  output.terminal = std::move(terminal);
  if (Terminal::behind(STDOUT_FILENO)) output.out = stderr;
  output.one_stream = output.out == stderr && !wishes.taken;
  return output;
}

}  // namespace mpiferry::cli

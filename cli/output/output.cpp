#include "cli/output/output.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "engine/disk/file_id.hpp"

namespace mpiferry::cli {
namespace {

// A device may have several names.
bool is_same_device(const struct stat& a, const struct stat& b) {
  return S_ISCHR(a.st_mode) && S_ISCHR(b.st_mode) && a.st_rdev == b.st_rdev;
}

}  // namespace

bool is_standard_output(const std::string& name) {
  if (name == "-") return true;
  struct stat named {};
  struct stat output {};
  struct stat null {};
  if (::stat(name.c_str(), &named) != 0 || ::fstat(STDOUT_FILENO, &output) != 0) return false;
  if (::stat("/dev/null", &null) == 0 && is_same_device(output, null)) return false;
  return disk::is_same_file(named, output) || is_same_device(named, output);
}

Output Output::choose(const Wishes& wishes) {
  Output output{.out = wishes.taken ? stderr : stdout,
                .quiet = wishes.quiet,
                .lines = wishes.verbose && !wishes.quiet};
  std::optional<Terminal> terminal = Terminal::behind(STDERR_FILENO);
  output.progress =
      shows(wishes.progress, terminal.has_value() && !wishes.quiet && !wishes.verbose);
  // Other ranks print lines with -v, which would be appended to the line of progress.
  if (!output.progress || wishes.verbose || !terminal) return output;
  output.terminal = std::move(terminal);
  if (Terminal::behind(STDOUT_FILENO)) output.out = stderr;
  output.one_stream = output.out == stderr && !wishes.taken;
  return output;
}

}  // namespace mpiferry::cli

// Where a command prints what, decided once at its start.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "cli/output/show_progress.hpp"
#include "cli/output/terminal.hpp"

namespace mpiferry::cli {

// Whether what is written to the file `name` ("-", "/dev/stdout", a pipe) comes where standard
// output goes, so that nothing else may be printed there. Not so of /dev/null.
bool is_standard_output(const std::string& name);

struct Output {
  struct Wishes {
    bool taken = false;  // standard output is for the report or the file, and nothing else
    ShowProgress progress = ShowProgress::automatic;
    bool quiet = false;
    bool verbose = false;
  };

  // The summary and the lines of -v: standard output; but standard error if the report wants the
  // former, or if a line of progress is written over itself on a terminal that shows both. A
  // launcher forwards the two streams independently, so only within one of them does something
  // stay before something else.
  std::FILE* out = stdout;
  bool quiet = false;     // -q
  bool lines = false;     // -v
  bool progress = false;  // is shown, on standard error
  // Where the line of progress is written over itself; nothing: it is a new line each time.
  std::optional<Terminal> terminal = {};
  bool one_stream = false;  // nothing goes to standard output

  static Output choose(const Wishes& wishes);
};

}  // namespace mpiferry::cli

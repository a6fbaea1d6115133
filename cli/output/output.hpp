// Where a command prints what, decided once at its start.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "cli/output/terminal.hpp"

namespace mpiferry::cli {

enum class ShowProgress : int {  // not a byte: CLI11 prints those as characters
  automatic,
  always,
  never
};

// `fitting`: a person watches, and no other output would be disturbed.
constexpr bool shows(ShowProgress wanted, bool fitting) noexcept {
  return wanted == ShowProgress::always || (wanted == ShowProgress::automatic && fitting);
}

// Whether the file `name` ("-", "/dev/stdout", a pipe) is where standard output goes, so that
// nothing else may be printed there. /dev/null never is.
bool is_standard_output(const std::string& name);

struct Output {
  struct Wishes {
    bool taken = false;  // standard output is for the report or the file, and nothing else
    ShowProgress progress = ShowProgress::automatic;
    bool quiet = false;
    bool verbose = false;
  };

  // For the summary and the lines of -v. Standard output; but standard error if the report takes
  // standard output, or if a line of progress is redrawn on a terminal that shows both. A launcher
  // forwards the two streams independently, so only output to one of them stays in order.
  std::FILE* out = stdout;
  bool quiet = false;     // -q
  bool lines = false;     // -v
  bool progress = false;  // shown, on standard error
  // Where the line of progress is redrawn; nothing: each update is a new line.
  std::optional<Terminal> terminal = {};
  bool one_stream = false;  // nothing goes to standard output

  static Output choose(const Wishes& wishes);
};

}  // namespace mpiferry::cli

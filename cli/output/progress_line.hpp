// A line on a terminal that is redrawn in place.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/output/output.hpp"

namespace mpiferry::cli {

// A part of a line. If the line is too narrow, parts are left out by their priority, of which 0 is
// the highest, and the part with the highest is cut.
struct Field {
  int priority = 0;
  std::string text;
};
// The fields that fit into `columns`, in their order, with two spaces between them.
std::string fitted(const std::vector<Field>& fields, std::size_t columns);

// On standard error, which must have a terminal behind it: Output::terminal. `output` must outlive
// the line.
class ProgressLine {
 public:
  explicit ProgressLine(const Output& output) : output_(output) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { clear(); }

  // Draws what fits into the terminal's width.
  void draw(const std::vector<Field>& fields);
  // Erases the line, so that later output starts on an empty one.
  void clear();

 private:
  std::size_t columns() const;

  const Output& output_;
  std::size_t shown_ = 0;  // characters
};

}  // namespace mpiferry::cli

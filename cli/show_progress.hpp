// Whether a line of progress is wanted.
#pragma once

namespace mpiferry::cli {

enum class ShowProgress : int {  // not a byte: CLI11 prints those as characters
  automatic,
  always,
  never
};

}  // namespace mpiferry::cli

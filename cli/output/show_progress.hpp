// Whether a line of progress is wanted.
#pragma once

namespace mpiferry::cli {

enum class ShowProgress : int {  // not a byte: CLI11 prints those as characters
  automatic,
  always,
  never
};

// `fitting`: there is somebody who watches, and nothing that it would disturb.
constexpr bool shows(ShowProgress wanted, bool fitting) noexcept {
  return wanted == ShowProgress::always || (wanted == ShowProgress::automatic && fitting);
}

}  // namespace mpiferry::cli

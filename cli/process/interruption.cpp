#include "cli/process/interruption.hpp"

#include <utility>

#include "engine/job/signals.hpp"

namespace mpiferry::cli {

Interruption::Interruption() {
  job::catch_signals(signals_, [this](Failure failure) { failure_ = std::move(failure); });
}

const std::optional<Failure>& Interruption::seen() {
  if (!failure_) {
    io_.restart();
    io_.poll();
  }
  return failure_;
}

}  // namespace mpiferry::cli

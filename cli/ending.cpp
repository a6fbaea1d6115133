#include "cli/ending.hpp"

#include <chrono>
#include <optional>

namespace mpiferry::cli {
namespace {

// How long the master waits for workers that have confirmed the end already. The workers wait for
// the master as long as it takes: it may have a large manifest to write.
constexpr std::chrono::seconds kFinalizePatience{30};

}  // namespace

bool say(std::FILE* out, const std::string& text) {
  return std::fputs(text.c_str(), out) >= 0 && std::fflush(out) == 0;
}

void leave_mpi(mpi::Environment& environment, Rank self, bool abandoned, int code) {
  std::optional<std::chrono::milliseconds> patience;
  if (self == kMaster) patience = kFinalizePatience;
  if (abandoned || !environment.finalize(patience)) mpi::Environment::abort(code);
}

}  // namespace mpiferry::cli

#include "engine/operations/scatter/clearing.hpp"

#include <utility>

#include "engine/disk/stale_file_scan.hpp"

namespace mpiferry::operations {

using job::Task;
using job::yield_turn;

Task<Outcome> clear(const job::Environment& environment, const disk::Directory& directory,
                    std::string protected_source, std::function<bool()> stop,
                    disk::ToRemove to_remove, clock::Duration slice) {
  const transport::BusyGuard busy{environment.transport};
  disk::StaleFileRemoval sweep{directory, std::move(protected_source), std::move(to_remove)};
  while (!stop()) {
    const auto more = sweep.step(environment.clock, slice);
    if (!more) co_return more.error();
    if (!*more) break;
    co_await yield_turn(environment.io());
  }
  co_return Nothing{};
}

Task<Result<StaleFiles>> survey(const job::Environment& environment,
                                const disk::Directory& directory, std::string protected_source,
                                std::function<bool()> stop, clock::Duration slice) {
  const transport::BusyGuard busy{environment.transport};
  disk::StaleFileSurvey look{directory, std::move(protected_source)};
  while (!stop()) {
    const auto more = look.step(environment.clock, slice);
    if (!more) co_return more.error();
    if (!*more) break;
    co_await yield_turn(environment.io());
  }
  co_return StaleFiles{look.bytes(), look.files()};
}

}  // namespace mpiferry::operations

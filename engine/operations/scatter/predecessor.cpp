#include "engine/operations/scatter/predecessor.hpp"

#include <fmt/format.h>

#include "engine/disk/replaceable.hpp"
#include "engine/disk/stale_file_scan.hpp"

namespace mpiferry::operations {
namespace {

constexpr std::chrono::milliseconds kTurn{5};

Outcome check(const disk::StaleFileScan::Entry& entry, const disk::Directory& directory,
              plan::Layout layout, const std::string& source_id) {
  if (entry.kind == disk::FileKind::foreign || entry.kind == disk::FileKind::job_lock) {
    return Nothing{};
  }
  if (Outcome ours = disk::check_replaceable(directory, entry, source_id); !ours) return ours;
  const auto found = disk::file_of(entry.kind);
  if (!found || layout.may_leave(*found)) return Nothing{};
  const plan::Layout other = plan::Layout::with(*found);
  return Failure{.code = Errc::dest_occupied,
                 .path = directory.path_of(entry.name),
                 .detail = fmt::format("a file of the layout {}, and this job has {}", other.name(),
                                       layout.name()),
                 .hint = fmt::format("resume with `layout` {} if that is what lies here, or remove "
                                     "this file, or replace all with `force`",
                                     other.name())};
}

}  // namespace

job::Task<Outcome> check_predecessor(const job::Environment& environment,
                                     const disk::Directory& directory, plan::Layout layout,
                                     std::string source_id, std::function<bool()> stop) {
  const transport::BusyGuard busy{environment.transport};
  disk::StaleFileScan scan{directory, ""};
  auto turn_ends = environment.clock.now() + kTurn;
  while (!stop()) {
    const auto entry = scan.next();
    if (!entry) co_return entry.error();
    if (!*entry) break;
    if (Outcome fits = check(**entry, directory, layout, source_id); !fits) co_return fits;
    if (environment.clock.now() < turn_ends) continue;
    co_await job::yield_turn(environment.io());
    turn_ends = environment.clock.now() + kTurn;
  }
  co_return Nothing{};
}

}  // namespace mpiferry::operations

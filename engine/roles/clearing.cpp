#include "engine/roles/clearing.hpp"

#include <utility>

#include "engine/disk/leftover_scan.hpp"

namespace mpiferry::roles {

Task<Outcome> clear(mpi::MpiContext& context, const disk::Directory& directory, std::string spared,
                    std::function<bool()> stop, disk::Doomed doomed,
                    std::chrono::steady_clock::duration slice) {
  const mpi::MpiContext::Awake awake{context};
  disk::LeftoverSweep sweep{directory, std::move(spared), std::move(doomed)};
  while (!stop()) {
    const auto more = sweep.step(slice);
    if (!more) co_return more.error();
    if (!*more) break;
    co_await yield_turn(context.io());
  }
  co_return Nothing{};
}

Task<Result<Leftovers>> survey(mpi::MpiContext& context, const disk::Directory& directory,
                               std::string spared, std::function<bool()> stop,
                               std::chrono::steady_clock::duration slice) {
  const mpi::MpiContext::Awake awake{context};
  disk::LeftoverSurvey look{directory, std::move(spared)};
  while (!stop()) {
    const auto more = look.step(slice);
    if (!more) co_return more.error();
    if (!*more) break;
    co_await yield_turn(context.io());
  }
  co_return Leftovers{look.bytes(), look.files()};
}

}  // namespace mpiferry::roles

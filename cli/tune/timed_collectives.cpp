#include "cli/tune/timed_collectives.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "cli/output/units.hpp"
#include "engine/base/turn.hpp"
#include "engine/mpi/exchange.hpp"
#include "engine/operations/scatter/options.hpp"

namespace mpiferry::cli {
namespace {

using WaitClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Rank 0, after a signal. The others may be in the middle of a write.
constexpr milliseconds kMasterGrace{2'000};
// The others: rank 0 gives up before them, and may have to remove a large sample.
constexpr milliseconds kWorkerGrace{10'000};
constexpr milliseconds kExtraOfWorker{30'000};
// Leaves a rank the time to remove its files before another one aborts.
constexpr milliseconds kStuckAfter{1'000};

}  // namespace

class TimedCollectives::Wait {
 public:
  explicit Wait(TimedCollectives& owner)
      : interruption_(owner.interruption_), stuck_(owner.stuck_) {
    if (owner.self_ == kMaster) return;
    const milliseconds turn = turn_of(owner.self_);
    grace_ = kWorkerGrace + turn;
    patience_ += kExtraOfWorker + turn;
  }

  // Between two tests: whether it has taken too long.
  bool over() {
    const WaitClock::time_point now = WaitClock::now();
    if (!signalled_ && interruption_.seen()) signalled_ = now;
    if (!signalled_) return now - began_ > patience_;
    if (now - *signalled_ > kStuckAfter && stuck_) std::exchange(stuck_, {})();
    return now - *signalled_ > grace_;
  }

  bool signalled() const { return signalled_.has_value(); }
  milliseconds allowed() const { return signalled() ? grace_ : patience_; }

 private:
  Interruption& interruption_;
  std::function<void()>& stuck_;
  WaitClock::time_point began_ = WaitClock::now();
  std::optional<WaitClock::time_point> signalled_;
  milliseconds grace_ = kMasterGrace;
  milliseconds patience_ = JobOptions{}.stall_timeout;
};

TimedCollectives::TimedCollectives(mpi::NativeCommunicator communicator, Rank self,
                                   Interruption& interruption, std::function<void()> stuck)
    : communicator_(communicator),
      self_(self),
      interruption_(interruption),
      stuck_(std::move(stuck)) {}

Failure TimedCollectives::failure(const std::string& name, const Wait& wait, Rank missing) {
  Failure failure{
      .code = Errc::worker_stalled,
      .rank = missing,
      .detail = fmt::format("did not reach {} within {}", name, human_seconds(wait.allowed())),
      .hint = "check that rank and its host"};
  if (wait.signalled()) {
    const Failure& signal = *interruption_.seen();
    failure.code = signal.code;
    failure.detail =
        fmt::format("{}, and rank {} {}", signal.detail, missing.value, failure.detail);
    failure.rank = kNoRank;
  }
  return failure;
}

Result<std::string> TimedCollectives::share(const std::string& name, std::string text) {
  Wait wait{*this};
  auto shared = mpi::share(communicator_, std::move(text), [&wait] { return wait.over(); });
  if (!shared) return failure(name, wait, kMaster);
  return std::move(*shared);
}

Result<std::vector<std::uint64_t>> TimedCollectives::gather(
    const std::string& name, const std::vector<std::uint64_t>& mine) {
  Wait wait{*this};
  mpi::Gathered gathered = mpi::gather(communicator_, mine, [&wait] { return wait.over(); });
  if (gathered.missing) return failure(name, wait, *gathered.missing);
  return std::move(gathered.numbers);
}

Result<std::optional<Rank>> TimedCollectives::lowest_with(const std::string& name, bool mine) {
  Wait wait{*this};
  const mpi::Lowest lowest = mpi::lowest_with(communicator_, mine, [&wait] { return wait.over(); });
  if (lowest.missing) return failure(name, wait, *lowest.missing);
  return lowest.rank;
}

}  // namespace mpiferry::cli

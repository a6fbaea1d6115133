#include "cli/tune/tune_run.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/process/message.hpp"
#include "cli/process/option_names.hpp"
#include "cli/tune/borrowed_directory.hpp"
#include "cli/tune/timed_collectives.hpp"
#include "cli/tune/tune_master.hpp"
#include "engine/api/run.hpp"
#include "engine/base/path.hpp"
#include "engine/disk/destination_pattern.hpp"
#include "engine/disk/unique_name.hpp"
#include "engine/mpi/oversubscription.hpp"
#include "engine/posix/file_system.hpp"

namespace mpiferry::cli {
namespace {

// Reports a signal that came before scatter_on() listens to signals.
class Listener final : public Observer {
 public:
  explicit Listener(Interruption& interruption) : interruption_(interruption) {}
  Outcome on_begin() override {
    const auto& seen = interruption_.seen();
    return seen ? Outcome{*seen} : Outcome{Nothing{}};
  }

 private:
  Interruption& interruption_;
};

// What ranks tell each other before each job: that they go on, or stop, or, rank 0 alone, that the
// sample is not there yet and that they meet again.
constexpr std::uint64_t kGoOn = 0;
constexpr std::uint64_t kStop = 1;
constexpr std::uint64_t kBusy = 2;
constexpr std::chrono::milliseconds kBusyPeriod{200};
// After a signal a sample that is still not given up hangs: rank 0 leaves the others to themselves.
constexpr std::chrono::seconds kSampleGrace{2};

// The names of the collectives, for people.
constexpr const char* kAtStart = "the barrier at the start";
constexpr const char* kWhileSample = "the barrier while the sample is made";
constexpr const char* kAfterWarmUp = "the barrier after the warm-up";
constexpr const char* kAfterMeasurement = "the barrier after a measurement";
constexpr const char* kAtEnd = "the barrier at the end";

// Tells a thread to stop before it is waited for, whatever ends the wait.
struct StopOnExit {
  std::atomic<bool>& stop;
  ~StopOnExit() { stop = true; }
};

class TuneRun {
 public:
  TuneRun(Start& start, const TuneArguments& arguments, Interruption& interruption,
          const TuneHooks& hooks)
      : start_(start),
        arguments_(arguments),
        interruption_(interruption),
        hooks_(hooks),
        self_{start.environment().rank()},
        result_{.ranks = start.environment().size()},
        master_(arguments, interruption, result_) {}

  TuneResult run() {
    if (begin() && prepare()) {
      measure();
      finish();
    }
    return std::move(result_);
  }

 private:
  // Steps, of which each returns false if it was the last.
  bool begin();
  bool prepare();
  bool agree_to_go_on(std::size_t measured);
  bool note_file_systems();

  void measure();
  void measure_once(mpi::Communicator& world, Observer& observer);
  void finish();
  void agree_on_verdict();

  Outcome make_sample(std::optional<Failure>& lost);
  std::uint64_t wish();
  bool is_master() const { return self_ == kMaster; }
  bool abandon(Failure& failure) {
    result_.abandon(std::move(failure));
    return false;
  }

  Start& start_;
  const TuneArguments& arguments_;
  Interruption& interruption_;
  const TuneHooks& hooks_;
  Rank self_;
  std::string host_ = mpi::host_name();
  TuneResult result_;
  TuneMaster master_;  // rank 0's
  std::string destination_;
  std::optional<BorrowedDirectory> directory_;
  double ranks_per_core_ = 1;
  TimedCollectives collectives_{mpi::Environment::world(), self_, interruption_, [this] {
                                  if (directory_) static_cast<void>(directory_->give_back());
                                }};
};

// All ranks are here, and know where they will write.
bool TuneRun::begin() {
  auto refused = collectives_.lowest_with(kAtStart, !start_.ready());
  if (!refused) return abandon(refused.error());
  start_.complete();
  if (*refused) {
    start_.explain(**refused);
    result_.refused = true;
    return false;
  }
  // First of all, so that they know what to remove while rank 0 makes the sample.
  auto shared = collectives_.share(
      kAtStart, disk::unique_name(path_in(arguments_.destination, ".mpiferry-tune-")));
  if (!shared) return abandon(shared.error());
  auto places = collectives_.gather(kAtStart, mpi::own_place());
  if (!places) return abandon(places.error());
  ranks_per_core_ = mpi::ranks_per_core(*places, self_);
  destination_ = std::move(*shared);
  // Constructing it notes which directories are missing; the first are made after another
  // collective.
  directory_.emplace(disk::expand_destination(destination_, self_, host_));
  return true;
}

// Rank 0 has its files and the sample. A failure is only noted: the others learn of it when they
// are asked whether to go on.
bool TuneRun::prepare() {
  if (!is_master()) return true;
  result_.hosts.push_back(host_);
  Outcome prepared = hooks_.prepare();
  std::optional<Failure> lost;
  if (prepared) prepared = make_sample(lost);
  if (lost) return abandon(*lost);
  if (!prepared) result_.fail(std::move(prepared.error()));
  return true;
}

// Rank 0 makes the sample on a thread of its own and meets the others again and again meanwhile, so
// that each side knows that the other one is there. `lost`: some rank was not.
Outcome TuneRun::make_sample(std::optional<Failure>& lost) {
  using Clock = std::chrono::steady_clock;
  std::atomic<bool> stop = false;
  const auto make = [this, &stop] { return master_.prepare([&stop] { return stop.load(); }); };
  std::future<Outcome> made;
  try {
    made = std::async(std::launch::async, make);
  } catch (const std::system_error&) {  // the system has no thread left
    return master_.prepare([this] { return interruption_.seen().has_value(); });
  }
  const StopOnExit leaving{stop};
  std::optional<Clock::time_point> signalled;
  while (made.wait_for(kBusyPeriod) != std::future_status::ready) {
    if (!signalled && interruption_.seen()) signalled = Clock::now();
    if (signalled) stop = true;
    if (lost || (signalled && Clock::now() - *signalled > kSampleGrace)) continue;
    const auto wishes = collectives_.gather(kWhileSample, {kBusy});
    if (!wishes) lost = wishes.error();
    if (lost || std::ranges::find(*wishes, kStop) != wishes->end()) stop = true;
  }
  return made.get();
}

void TuneRun::measure() {
  // The jobs, like the collectives, are on MPI_COMM_WORLD itself, which is ours: scatter() would
  // begin with MPI_Comm_dup, which waits for a rank that has stopped as long as it takes.
  mpi::Communicator world = mpi::Communicator::borrow(mpi::Environment::world());
  Listener listener{interruption_};
  for (std::size_t measured = 0; agree_to_go_on(measured); ++measured) {
    if (measured == 1 && !note_file_systems()) return;
    measure_once(world, listener);
    if (result_.abandoned) return;
  }
}

// Whether this rank wants another measurement; rank 0 decides which one.
std::uint64_t TuneRun::wish() {
  if (is_master()) return master_.next() ? kGoOn : kStop;
  const auto& seen = interruption_.seen();
  if (seen && result_.verdict == Errc::ok) result_.fail(*seen);
  return result_.verdict == Errc::ok ? kGoOn : kStop;
}

// Whether all ranks want another measurement after so many.
bool TuneRun::agree_to_go_on(std::size_t measured) {
  const char* const name = measured == 0 ? kWhileSample : kAfterMeasurement;
  auto wishes = collectives_.gather(name, {wish()});
  while (wishes && wishes->front() == kBusy) wishes = collectives_.gather(name, {wish()});
  if (!wishes) return abandon(wishes.error());
  const auto who = std::ranges::find(*wishes, kStop);
  if (who == wishes->end()) return true;
  if (is_master() && who != wishes->begin()) {
    const Rank rank{static_cast<int>(who - wishes->begin())};
    result_.fail({.code = Errc::interrupted, .rank = rank, .detail = "interrupted"});
  }
  return false;
}

// After the warm-up, which has made the directories.
bool TuneRun::note_file_systems() {
  auto types = collectives_.gather(kAfterWarmUp, {posix::file_system_type(directory_->path())});
  if (!types) return abandon(types.error());
  for (const std::uint64_t type : *types) {
    add_once(result_.destination_file_systems, posix::file_system_name(type));
  }
  return true;
}

void TuneRun::measure_once(mpi::Communicator& world, Observer& observer) {
  ScatterOptions options{.job = {.handle_signals = true}};
  if (is_master()) {
    options = master_.options(destination_);
    hooks_.progress(master_.progress());
  }
  ScatterReport report = scatter_on(world, ranks_per_core_, options, observer);
  name_options(report.job);
  const JobReport& job = report.job;
  if (is_master()) {
    TuneProgress done = master_.progress();
    done.speed = master_.record(report, destination_);
    if (done.speed) hooks_.progress(done);
  } else if (result_.verdict == Errc::ok && !job.ok()) {
    result_.verdict = job.verdict;
    result_.failure = job.failure;
  }
  result_.abandoned = job.abandoned;
  // Give the directory back before the next collective: rank 0 may have to abort if another rank
  // never reaches it. Not after a signal: rank 0 waits only for a moment then, and all ranks go
  // there at once.
  if (!job.abandoned && !job.ok() && job.verdict != Errc::interrupted) {
    static_cast<void>(directory_->give_back());
  }
}

void TuneRun::finish() {
  if (is_master()) master_.finish();
  if (!result_.abandoned) agree_on_verdict();
  if (const Outcome gone = directory_->give_back(); !gone) {
    Failure failure = gone.error();
    failure.rank = self_;
    failure.host = host_;
    failure.detail = "cannot be removed; remove it by hand";
    result_.warning += warning_text(failure);
  }
}

// All ranks leave with rank 0's code: it may have caught a signal first, or alone, or be done when
// another rank catches one. And rank 0 learns that all are still there.
void TuneRun::agree_on_verdict() {
  auto verdicts = collectives_.gather(kAtEnd, {static_cast<std::uint64_t>(result_.verdict)});
  if (verdicts) {
    result_.verdict = static_cast<Errc>(verdicts->front());
  } else {
    abandon(verdicts.error());
  }
}

}  // namespace

TuneResult run_tune(Start& start, const TuneArguments& arguments, Interruption& interruption,
                    const TuneHooks& hooks) {
  return TuneRun{start, arguments, interruption, hooks}.run();
}

}  // namespace mpiferry::cli

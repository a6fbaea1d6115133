#include "cli/tune/sweep.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "cli/tune/timed_collectives.hpp"
#include "cli/tune/tune_run.hpp"
#include "engine/base/path.hpp"
#include "engine/disk/borrowed_directory.hpp"
#include "engine/disk/destination_pattern.hpp"
#include "engine/disk/file_system.hpp"
#include "engine/disk/unique_name.hpp"
#include "engine/mpi/crowd.hpp"
#include "engine/roles/run.hpp"

namespace mpiferry::cli {
namespace {

// A signal that came before run() listens.
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

// What ranks tell each other in the meeting before each job: that they go on, or stop, or, rank 0
// alone, that the sample is not there yet and that they meet again.
constexpr std::uint64_t kGoOn = 0;
constexpr std::uint64_t kStop = 1;
constexpr std::uint64_t kBusy = 2;
constexpr std::chrono::milliseconds kMeetAgain{200};
// After a signal a sample that is still not given up hangs: rank 0 leaves the others to themselves.
constexpr std::chrono::seconds kSampleGrace{2};
constexpr const char* kSampleMeeting = "the meeting while the sample is made";

// Before a thread that asks for it is waited for, whatever ends the wait for it.
struct StopOnLeave {
  std::atomic<bool>& stop;
  ~StopOnLeave() { stop = true; }
};

// Rank 0 makes the sample on a thread of its own and meets the others again and again meanwhile, so
// that each side knows that the other one is there. `lost`: somebody was not.
Outcome make_sample(Conductor& conductor, TuneMeeting& meeting, Interruption& interruption,
                    std::optional<Failure>& lost) {
  using Clock = std::chrono::steady_clock;
  std::atomic<bool> stop = false;
  const auto make = [&] { return conductor.prepare([&stop] { return stop.load(); }); };
  std::future<Outcome> made;
  try {
    made = std::async(std::launch::async, make);
  } catch (const std::system_error&) {  // no thread can be had
    return conductor.prepare([&interruption] { return interruption.seen().has_value(); });
  }
  const StopOnLeave leaving{stop};
  std::optional<Clock::time_point> signalled;
  while (made.wait_for(kMeetAgain) != std::future_status::ready) {
    if (!signalled && interruption.seen()) signalled = Clock::now();
    if (signalled) stop = true;
    if (lost || (signalled && Clock::now() - *signalled > kSampleGrace)) continue;
    const auto here = meeting.gather(kSampleMeeting, {kBusy});
    if (!here) lost = here.error();
    if (lost || std::ranges::find(*here, kStop) != here->end()) stop = true;
  }
  return made.get();
}

// A worker's part in the verdict.
void note(SweepResult& result, const Report& report) {
  if (result.verdict != Errc::ok || report.ok()) return;
  result.verdict = report.verdict;
  result.failure = report.failure;
}

}  // namespace

SweepResult sweep(Start& start, const TuneArguments& arguments, Interruption& interruption,
                  const std::function<Outcome()>& prepare,
                  const std::function<void(const SweepProgress&)>& progress) {
  const mpi::Environment& environment = start.environment();
  const Rank self{environment.rank()};
  const bool master = self == kMaster;
  const std::string host = mpi::host_name();
  SweepResult result{.ranks = environment.size()};
  Conductor conductor{arguments, interruption, result};
  std::optional<disk::BorrowedDirectory> directory;
  TuneMeeting meeting{mpi::Environment::world(), self, interruption, [&directory] {
                        if (directory) static_cast<void>(directory->give_back());
                      }};
  // Somebody is out of reach.
  const auto lose = [&result](Failure& failure) {
    result.abandoned = true;
    if (result.failure && result.failure->code == failure.code)
      result.failure.reset();  // says less
    if (result.failure) {
      result.warning += fmt::format("mpiferry: warning: {}\n", failure.message());
    } else {
      fail(result, std::move(failure));
    }
  };

  auto refused = meeting.lowest_with("the meeting at the start", !start.ready());
  if (!refused) {
    lose(refused.error());
    return result;
  }
  start.complete();
  if (*refused) {
    start.explain(**refused);
    result.refused = true;
    return result;
  }
  // First of all, so that they know what to remove while rank 0 makes the sample.
  auto shared = meeting.share("the start",
                              disk::unique_name(path_in(arguments.destination, ".mpiferry-tune-")));
  if (!shared) {
    lose(shared.error());
    return result;
  }
  auto places = meeting.gather("the meeting at the start", mpi::own_place());
  if (!places) {
    lose(places.error());
    return result;
  }
  const double crowd = mpi::ranks_per_core(*places, self);
  const std::string destination = std::move(*shared);
  // Before anybody makes a directory, all have looked which are missing: the meeting is the line.
  directory.emplace(disk::expand_destination(destination, self, host));
  if (master) {
    result.hosts.push_back(host);
    Outcome prepared = prepare();
    std::optional<Failure> lost;
    if (prepared) prepared = make_sample(conductor, meeting, interruption, lost);
    if (lost) {
      lose(*lost);
      return result;
    }
    if (!prepared) fail(result, std::move(prepared.error()));
  }
  // The jobs, like the meetings, are on MPI_COMM_WORLD itself, which is ours: run() would begin
  // with MPI_Comm_dup, which waits for a rank that has stopped as long as it takes.
  mpi::Communicator world = mpi::Communicator::borrow(mpi::Environment::world());
  Listener listener{interruption};
  for (std::size_t runs = 0;; ++runs) {
    bool stop = result.verdict != Errc::ok;
    if (master) {
      stop = !conductor.next();
    } else if (const auto& seen = interruption.seen(); seen && !stop) {
      stop = true;
      fail(result, *seen);
    }
    const char* const name = runs == 0 ? kSampleMeeting : "the meeting after a measurement";
    auto stops = meeting.gather(name, {stop ? kStop : kGoOn});
    while (!master && stops && stops->front() == kBusy) {
      if (const auto& seen = interruption.seen(); seen && !stop) {
        stop = true;
        fail(result, *seen);
      }
      stops = meeting.gather(name, {stop ? kStop : kGoOn});
    }
    if (!stops) {
      lose(stops.error());
      break;
    }
    if (const auto who = std::ranges::find(*stops, kStop); who != stops->end()) {
      if (master && who != stops->begin()) {
        const Rank rank{static_cast<int>(who - stops->begin())};
        fail(result, {.code = Errc::interrupted, .rank = rank, .detail = "interrupted"});
      }
      break;
    }
    if (runs == 1) {  // the warm-up has made the directories
      auto types = meeting.gather("the meeting after the warm-up",
                                  {disk::file_system_type(directory->path())});
      if (!types) {
        lose(types.error());
        break;
      }
      for (const std::uint64_t type : *types) {
        add_once(result.destination_file_systems, disk::file_system_name(type));
      }
    }
    Options options{.handle_signals = true};
    if (master) {
      options = conductor.options(destination);
      progress(conductor.progress());
    }
    const Report report = run_on(world, crowd, options, listener);
    if (master) {
      SweepProgress done = conductor.progress();
      done.speed = conductor.take(report, destination);
      if (done.speed) progress(done);
    } else {
      note(result, report);
    }
    result.abandoned = report.abandoned;
    if (result.abandoned) break;
    // Before the next meeting: rank 0 may have to abort if another rank never comes to it. After a
    // signal it waits for a moment only; all that are there then come to the meeting at once.
    if (!report.ok() && report.verdict != Errc::interrupted) {
      static_cast<void>(directory->give_back());
    }
  }
  if (master) conductor.finish();
  if (!result.abandoned) {
    // All ranks leave with rank 0's code: it may have heard of a signal first, or alone, or be
    // done when another hears of one. And rank 0 sees that all are still there.
    auto verdicts =
        meeting.gather("the meeting at the end", {static_cast<std::uint64_t>(result.verdict)});
    if (verdicts) {
      result.verdict = static_cast<Errc>((*verdicts)[0]);
    } else {
      lose(verdicts.error());
    }
  }
  if (const Outcome gone = directory->give_back(); !gone) {
    Failure failure = gone.error();
    failure.rank = self;
    failure.host = host;
    failure.detail = "cannot be removed: remove it yourself";
    result.warning += fmt::format("mpiferry: warning: {}\n", failure.message());
  }
  return result;
}

}  // namespace mpiferry::cli

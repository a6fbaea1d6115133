#include "cli/tune_sweep.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "cli/tune_meeting.hpp"
#include "cli/units.hpp"
#include "engine/disk/borrowed_directory.hpp"
#include "engine/disk/destination_pattern.hpp"
#include "engine/disk/file_system.hpp"
#include "engine/disk/sample_file.hpp"
#include "engine/disk/unique_name.hpp"
#include "engine/mpi/crowd.hpp"
#include "engine/roles/run.hpp"

namespace mpiferry::cli {
namespace {

using Clock = std::chrono::steady_clock;

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

void add_once(std::vector<std::string>& list, const std::string& text) {
  if (std::ranges::find(list, text) == list.end()) list.push_back(text);
}

// The first failure counts.
void fail(SweepResult& result, Failure failure) {
  if (result.failure) return;
  if (failure.system_errno == ENOSPC || failure.system_errno == EDQUOT) {
    failure.hint = "free some space there, or choose a smaller --size";
  }
  result.verdict = failure.code;
  result.failure = std::move(failure);
}

// What rank 0 knows and decides.
class Conductor {
 public:
  Conductor(const TuneArguments& arguments, Interruption& interruption, SweepResult& result)
      : arguments_(arguments), interruption_(interruption), result_(result) {}

  // The plan and the sample.
  Outcome prepare() {
    const auto workers = static_cast<std::uint32_t>(result_.ranks - 1);
    TuningGrid grid =
        tuning_grid(arguments_.chunk_sizes, arguments_.windows, arguments_.size, workers);
    if (grid.cases.empty() || grid.cases[0] != default_tuning()) {
      const Bytes needed{2 * default_tuning().chunk_size.value * workers};
      return Failure{
          .code = Errc::invalid_argument,
          .detail = fmt::format("--size {}: the defaults, which all is compared with, need two "
                                "chunks of {} for each of {}",
                                arguments_.size.value, human_bytes(default_tuning().chunk_size),
                                counted(workers, "worker")),
          .hint = fmt::format("give --size {} or more", option_bytes(needed))};
    }
    result_.too_few = std::move(grid.too_few);
    if (grid.cases.size() < 2) {
      return Failure{.code = Errc::invalid_argument,
                     .detail = "there is nothing to compare the defaults with",
                     .hint = "give other --chunks or --windows, or a larger --size"};
    }
    for (const Tuning& tuning : grid.cases) result_.figures.push_back({tuning, {}});
    schedule_.emplace(
        grid.cases.size(),
        TuningSchedule::Limits{.repetitions = arguments_.repetitions, .budget = arguments_.budget});
    result_.planned = schedule_->total();
    auto sample = disk::SampleFile::make(arguments_.source_directory, arguments_.size,
                                         [this] { return interruption_.seen().has_value(); });
    if (!sample) return std::move(sample.error());
    sample_.emplace(std::move(*sample));
    result_.source_file_system =
        disk::file_system_name(disk::file_system_type(arguments_.source_directory));
    return Nothing{};
  }

  // What is measured next; false if there is nothing more, and all ranks shall end.
  bool next() {
    if (result_.failure) return false;
    if (const auto& seen = interruption_.seen()) {
      fail(result_, *seen);
      return false;
    }
    if (!warm_) return true;  // the warm-up: figure 0, not counted
    const auto index = schedule_->next(Clock::now() - began_);
    if (!index) return false;
    index_ = *index;
    return true;
  }

  SweepProgress progress() const {
    return {.number = warm_ ? schedule_->begun() : 0,
            .total = schedule_->total(),
            .tuning = result_.figures[index_].tuning};
  }

  Options options(const std::string& destination) const {
    const Tuning& tuning = result_.figures[index_].tuning;
    return {.source = sample_->path(),
            .destination = destination,
            .chunk_size = tuning.chunk_size,
            .window = tuning.window,
            .fsync = arguments_.fsync,
            .force = true,  // the files of the measurement before
            .handle_signals = true};
  }

  // The speed, if it went well.
  std::optional<double> take(const Report& report, const std::string& destination) {
    for (const Report::Worker& worker : report.workers) {
      if (!worker.host.empty()) add_once(result_.hosts, worker.host);
    }
    if (!report.ok()) {
      Failure failure = report.failure.value_or(Failure{.code = report.verdict});
      if (report.abandoned) {
        failure.hint = fmt::format("look at that host and its disk; {} may be left there",
                                   mpiferry::quoted(destination));
      }
      fail(result_, std::move(failure));
      return std::nullopt;
    }
    const double speed = gigabytes_per_second(report.bytes_written, report.transfer);
    if (std::exchange(warm_, true)) {
      result_.figures[index_].speeds.push_back(speed);
      ++result_.measurements;
    }
    return speed;
  }

  void finish() {
    sample_.reset();
    result_.elapsed = Clock::now() - began_;
    for (const TuningFigure& figure : result_.figures) {
      if (figure.speeds.empty()) result_.no_time.push_back(figure.tuning);
    }
    std::erase_if(result_.figures, [](const TuningFigure& it) { return it.speeds.empty(); });
    if (result_.failure || result_.figures.size() >= 2) return;
    fail(result_, {.code = Errc::invalid_argument,
                   .detail = fmt::format("--budget: in {} only the defaults could be measured",
                                         human_seconds(result_.elapsed)),
                   .hint = "give it more time (--budget 10m), or a smaller --size"});
  }

 private:
  const TuneArguments& arguments_;
  Interruption& interruption_;
  SweepResult& result_;
  std::optional<TuningSchedule> schedule_;
  std::optional<disk::SampleFile> sample_;
  Clock::time_point began_ = Clock::now();
  bool warm_ = false;
  std::size_t index_ = 0;
};

// A worker's part in the verdict.
void note(SweepResult& result, const Report& report) {
  if (result.verdict != Errc::ok || report.ok()) return;
  result.verdict = report.verdict;
  result.failure = report.failure;
}

}  // namespace

SweepResult sweep(const mpi::Environment& environment, const TuneArguments& arguments,
                  Interruption& interruption, const std::function<Outcome()>& prepare,
                  const std::function<void(const SweepProgress&)>& progress) {
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
    result.lost = true;
    if (result.failure && result.failure->code == failure.code)
      result.failure.reset();  // says less
    if (result.failure) {
      result.warning += fmt::format("mpiferry: warning: {}\n", failure.message());
    } else {
      fail(result, std::move(failure));
    }
  };

  auto refused = meeting.lowest_with("the meeting at the start", false);
  if (!refused) {
    lose(refused.error());
    return result;
  }
  if (*refused) {
    result.refused = true;
    return result;
  }
  // First of all, so that they know what to remove while rank 0 makes the sample.
  auto shared =
      meeting.share("the start", disk::unique_name(arguments.destination + "/.mpiferry-tune-"));
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
    if (prepared) prepared = conductor.prepare();
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
    auto stops = meeting.gather(
        runs == 0 ? "the meeting after the sample was made" : "the meeting after a measurement",
        {stop ? 1U : 0U}, /*patient=*/runs == 0);
    if (!stops) {
      lose(stops.error());
      break;
    }
    if (const auto who = std::ranges::find(*stops, 1U); who != stops->end()) {
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
    failure.detail = "can not be removed: remove it yourself";
    result.warning += fmt::format("mpiferry: warning: {}\n", failure.message());
  }
  return result;
}

}  // namespace mpiferry::cli

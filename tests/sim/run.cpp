#include "tests/sim/run.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <vector>

#include "tests/sim/auditor.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/link.hpp"
#include "tests/sim/master.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/setting.hpp"
#include "tests/sim/source.hpp"
#include "tests/sim/worker.hpp"

namespace mpiferry::sim {
namespace {

// Far more than any run needs; what needs more is spinning.
constexpr std::uint64_t kEventsToSpare = 300'000;
constexpr std::uint64_t kEventsOfAChunk = 100;

class Run {
 public:
  Run(const Scenario& scenario, std::string* trace, const Disks* before)
      : scenario_(scenario),
        random_(scenario.seed ^ (scenario.resume ? 0x52u : 0x51u)),
        world_(scenario.workers + 1),
        trace_(world_, trace),
        faults_(scenario.plans),
        network_(world_, trace_, faults_, scenario_,
                 Link{scenario.workers + 1,
                      {.latency = scenario.latency,
                       .jitter = scenario.steady ? Duration::zero() : scenario.latency,
                       .bytes_per_ns = scenario.bytes_per_ns}},
                 random_.fork()),
        auditor_(world_, faults_, scenario_),
        setting_{scenario_, world_, trace_, faults_, network_, auditor_},
        source_(world_, faults_, scenario_) {
    std::vector<const Disk*> disks;
    for (std::uint32_t i = 0; i <= scenario.workers; ++i) {
      const Rank rank{static_cast<int>(i)};
      Disk& disk = disks_.emplace_back(rank, faults_, scenario_, random_.fork());
      disk.on_visible = [this, rank](std::uint64_t name, const std::vector<std::byte>& bytes) {
        auditor_.on_visible(rank, name, bytes);
      };
      disks.push_back(&disk);
      if (before != nullptr && !before->empty()) disk.restore((*before)[i]);
      if (i == 0) continue;
      workers_.push_back(std::make_unique<Worker>(setting_, rank, disk, random_.fork()));
    }
    auditor_.set_disks(std::move(disks));
    master_ = std::make_unique<Master>(setting_, disks_[0], source_, random_.fork());
    network_.on_strike = [this](const Plan& plan) { strike(plan); };
  }

  RunResult play() {
    RunResult result;
    try {
      for (const auto& worker : workers_) worker->start();
      master_->start();
      faults_.on(Occasion::message, kNoRank, network_.on_strike);  // before the first message
      world_.after(scenario_.bound(), kNoRank, [this] { give_up(); });
      while (!ended()) advance();
      result.verdict = verdict();
      auditor_.on_end(result.verdict);
    } catch (const Broken& broken) {
      trace_("BROKEN: {}: {}", invariant_name(broken.invariant()), broken.what());
      result.breach = Breach{broken.invariant(), broken.what()};
    }
    result.aborted = world_.aborted_by() != kNoRank;
    result.faults = faults_.all();
    result.events = world_.events();
    result.elapsed = world_.now().time_since_epoch();
    result.transfer = master_->transfer_time();
    result.master_busy = world_.busy(kMaster);
    result.nic_busy = network_.busy();
    for (int i = 1; i <= static_cast<int>(scenario_.workers); ++i) {
      result.worker_busy = std::max(result.worker_busy, world_.busy(Rank{i}));
    }
    result.messages_heard = master_->messages_heard();
    result.peak_buffers = master_->chunk_pool().peak();
    if (master_->sender()) {
      result.chunks = master_->sender()->chunks_written();
      result.kept = master_->sender()->chunks_kept();
      result.resent = master_->sender()->chunks_resent();
    }
    return result;
  }

  Disks disks() const {
    Disks left;
    for (const Disk& disk : disks_) left.push_back(disk.content());
    return left;
  }

 private:
  void advance() {
    require(world_.step() && world_.events() < most_events_, Invariant::job_ends,
            "nothing more happens, or for ever");
  }

  // The user has waited for longer than a job takes that waits for nothing.
  void give_up() {
    require(
        !given_up_ && waits_for_ever(), Invariant::job_ends,
        "the job has not ended after {} s of simulated time",
        std::chrono::duration_cast<std::chrono::seconds>(world_.now().time_since_epoch()).count());
    given_up_ = true;
    faults_.happened(Fault::user_gave_up);
    interrupt_all();
    world_.after(scenario_.bound(), kNoRank, [this] { give_up(); });
  }

  // Whether something happened that nobody is to end but the user.
  bool waits_for_ever() const {
    if (faults_.has(Fault::stream_silent)) return true;
    if (faults_.has(Fault::master_lost) && nobody_is_left()) return true;
    return scenario_.stall_timeout == Duration::zero() &&
           (faults_.has(Fault::master_lost) || faults_.has(Fault::worker_stuck) ||
            faults_.has(Fault::disk_stuck) || faults_.has(Fault::worker_lost) ||
            faults_.has(Fault::worker_cut_off));
  }

  // No worker that could give the master up.
  bool nobody_is_left() const {
    for (std::uint32_t i = 1; i <= scenario_.workers; ++i) {
      const Rank rank{static_cast<int>(i)};
      if (world_.alive(rank) && !world_.stuck(rank) && !disks_[i].stuck()) return false;
    }
    return true;
  }

  void interrupt_all() {
    for (std::uint32_t i = 0; i <= scenario_.workers; ++i) interrupt({static_cast<int>(i)});
  }
  void interrupt(Rank rank) {
    const Duration later = random_.up_to(std::chrono::milliseconds{2});
    world_.after(later, rank, [this, rank] {
      rank == kMaster ? master_->interrupt() : workers_[index(rank)]->interrupt();
    });
  }
  static std::size_t index(Rank rank) { return static_cast<std::size_t>(rank.value) - 1; }

  // A fault of a rank; it may come between this message and the next.
  void strike(const Plan& plan) {
    world_.after(random_.up_to(4 * scenario_.latency + scenario_.read), kNoRank,
                 [this, plan] { let_happen(plan); });
  }
  void let_happen(const Plan& plan) {
    if (!world_.alive(plan.rank)) return;
    trace_("FAULT: {}, rank {}", fault_name(plan.fault), plan.rank.value);
    faults_.happened(plan.fault);
    switch (plan.fault) {
      case Fault::worker_stopped:
        return world_.stop(plan.rank, plan.length);
      case Fault::worker_stuck:
        return world_.stop(plan.rank, kForEver);
      case Fault::master_stopped:
        auditor_.on_master_stopped(plan.length);
        return world_.stop(plan.rank, plan.length);
      case Fault::worker_lost:
      case Fault::master_lost:
        return world_.kill(plan.rank);
      case Fault::worker_cut_off:
        world_.kill(plan.rank);
        disks_[static_cast<std::size_t>(plan.rank.value)].power_cut();
        return auditor_.on_power_cut(plan.rank);
      case Fault::job_torn_down:
        torn_down_ = true;
        return;
      case Fault::one_interrupted:
        return interrupt(plan.rank);
      case Fault::all_interrupted:
        return interrupt_all();
      default:
        return;
    }
  }

  bool ended() const {
    if (torn_down_ || world_.aborted_by() != kNoRank) return true;
    if (world_.alive(kMaster) && !master_->done()) return false;
    bool somebody_hears = false;
    for (std::uint32_t i = 0; i <= scenario_.workers; ++i) {
      const Rank rank{static_cast<int>(i)};
      if (!world_.alive(rank)) continue;
      if (rank == kMaster ? master_->done() : workers_[index(rank)]->done()) {
        somebody_hears = true;
        continue;
      }
      // Whoever is stuck on its way out, is waited for in the meeting before MPI_Finalize. One that
      // has heard the end and whose disk never returns has nobody to end it when the master is
      // gone.
      const bool leaving = rank != kMaster && workers_[index(rank)]->closed();
      const bool waits_for_disk = rank != kMaster && workers_[index(rank)]->heard_end() &&
                                  disks_[static_cast<std::size_t>(i)].stuck() &&
                                  !world_.alive(kMaster);
      if (!world_.stuck(rank) && !waits_for_disk) return false;
      if (!leaving && !given_up_) return false;
    }
    // Whom no signal reaches, only SIGKILL ends.
    return somebody_hears || given_up_;
  }
  std::optional<Errc> verdict() const {
    if (torn_down_) return std::nullopt;
    if (world_.alive(kMaster)) {
      if (master_->done()) return master_->verdict();
    }
    const Rank rank = world_.aborted_by();
    return rank == kNoRank ? std::nullopt : workers_[index(rank)]->verdict();
  }

  const Scenario& scenario_;
  Random random_;
  World world_;
  Trace trace_;
  Faults faults_;
  Network network_;
  Auditor auditor_;
  Setting setting_;
  Source source_;
  std::deque<Disk> disks_;  // by rank
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Master> master_;
  std::uint64_t most_events_ =
      kEventsToSpare + kEventsOfAChunk * (scenario_.chunks() + scenario_.workers) +
      // each rank looks at its clock
      static_cast<std::uint64_t>(2 * scenario_.bound() / Master::kTick) * (scenario_.workers + 1);
  bool torn_down_ = false;
  bool given_up_ = false;
};

}  // namespace

RunResult run(const Scenario& scenario, std::string* trace, Disks* disks) {
  Run it{scenario, trace, disks};
  RunResult result = it.play();
  if (disks != nullptr) *disks = it.disks();
  return result;
}

}  // namespace mpiferry::sim

#include "tests/simulation/play.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "engine/operations/gather/gather_master.hpp"
#include "engine/operations/retrieval/retrieval_master.hpp"
#include "engine/operations/scatter/scatter_master.hpp"
#include "engine/operations/verify/verify_master.hpp"
#include "tests/simulation/auditor.hpp"
#include "tests/simulation/disks.hpp"
#include "tests/simulation/job.hpp"
#include "tests/simulation/layout_reader.hpp"

namespace mpiferry::simulation {
namespace {

using namespace std::chrono_literals;

// No job takes longer: all waits in it are bounded by the stall timeout, or by a user who
// interrupts a job that waits forever.
constexpr Duration kLongestJob = 10min;
constexpr Duration kUsersPatience = 2min;

constexpr const char* kSource = "/data/source";
constexpr const char* kTarget = "/data/target";

enum class Existing : std::uint8_t { none, resume, force };

// Tells the auditor what the engine says of chunks.
class Writes final : public Observer {
 public:
  explicit Writes(Auditor& auditor) : auditor_(auditor) {}
  void on_written(Rank self, ChunkIndex chunk, const std::string& /*directory*/,
                  std::string_view /*file*/) override {
    auditor_.on_written(self, chunk);
  }

 private:
  Auditor& auditor_;
};

// One run of a scenario: its cluster, and what was promised.
class Play {
 public:
  Play(const Scenario& scenario, bool trace)
      : it_(scenario),
        trace_(trace),
        world_(scenario.seed),
        network_(world_),
        disks_(world_, scenario.workers + 1, scenario.shared_disk),
        files_(it_, disks_, source_),
        auditor_(it_, world_, files_, [this](std::string what) { broken(std::move(what)); }) {
    watch_network();
  }

  Played run() {
    prepare();
    if (it_.changed) {
      check_scatter(scatter(Existing::none, false), true);
      write_source();
    }
    const std::vector<JobReport> first =
        scatter(it_.changed ? Existing::resume : Existing::none, true);
    check_scatter(first, it_.faultless());
    bool whole = first.front().ok() && !lost_[0] && !it_.discard;
    if (it_.power_cut) whole = cut_power(whole);
    if (whole) gather_with_damage();
    if (it_.again) {
      if (it_.stream) write_source_file();
      check_scatter(scatter(it_.force ? Existing::force : Existing::resume, false), true);
    }
    if (it_.again || whole) retrieve_all();
    return std::move(played_);
  }

 private:
  void watch_network() {
    network_.on_send = [this](Rank from, Rank to, int /*tag*/, std::span<const std::byte> message) {
      auditor_.on_send(from, to, message);
    };
    network_.on_arrival = [this](Rank from, Rank to, int /*tag*/, std::vector<std::byte>& message) {
      if (trace_) note(from, to, message);
      const bool damaged = damage(message);
      auditor_.on_arrival(from, to, message, damaged);
    };
    network_.on_told = [this](Rank to, std::span<const std::byte> message) {
      auditor_.on_told(to, message);
    };
    network_.copies = [this](const std::vector<std::byte>& message) {
      const auto header = wire::decode(message);
      return copies_ > 0 && header && header->kind == wire::Kind::chunk && world_.chance(copies_);
    };
    network_.on_unexpected = [this](Rank to, const std::vector<std::byte>& message) {
      auditor_.on_unexpected(to, message);
    };
    disks_.each([this](Disk& disk) {
      disk.on_named = [this](std::string_view path) { auditor_.on_named(path); };
      disk.faults = it_.quirks;
    });
    if (it_.slow) network_.most_delay = 1s;
  }

  // Not how long it is: the job's message has times in it.
  void note(Rank from, Rank to, const std::vector<std::byte>& message) {
    const auto header = wire::decode(message);
    played_.trace.push_back(fmt::format(
        "{:12.3f} ms  rank {} -> {}  kind {}, chunk {}, attempt {}",
        std::chrono::duration<double, std::milli>(world_.now().time_since_epoch()).count(),
        from.value, to.value, header ? static_cast<int>(header->kind) : -1,
        header ? header->chunk.value : 0, header ? header->attempt : 0));
  }

  bool damage(std::vector<std::byte>& message) {
    const auto header = wire::decode(message);
    if (!header || header->kind != wire::Kind::chunk || message.size() <= kHeaderSize ||
        !world_.chance(damage_)) {
      return false;
    }
    message[kHeaderSize + world_.number(message.size() - kHeaderSize - 1)] ^= std::byte{1};
    return true;
  }

  void prepare() {
    disks_.each([](Disk& disk) { disk.make_directories("/data"); });
    write_source();
    if (it_.stream) disks_.of(kMaster).make_fifo(kSource, source_);
  }

  void write_source() {
    source_.resize(it_.size.value);
    for (char& c : source_) c = static_cast<char>(world_.number(255));
    // Some of it is zeros, which may become holes.
    const std::size_t zeros = world_.number(source_.size());
    std::fill_n(source_.begin() + static_cast<std::ptrdiff_t>(source_.size() - zeros),
                world_.chance(0.3) ? zeros : 0, '\0');
    if (!it_.stream) write_source_file();
  }
  void write_source_file() {
    disks_.of(kMaster).remove(kSource);
    disks_.of(kMaster).write_file(kSource, source_);
  }

  std::string destination() const { return it_.own_directories ? "/out/{rank}" : "/out"; }

  ScatterOptions options(Existing existing) const {
    ScatterOptions options;
    options.source = kSource;
    options.destination = destination();
    options.chunk_size = it_.chunk_size;
    options.layout = it_.layout;
    options.job.window = it_.window;
    options.job.memory = Bytes{it_.memory_chunks * it_.chunk_size.value};
    options.job.retries = it_.retries;
    options.job.stall_timeout =
        std::chrono::duration_cast<std::chrono::milliseconds>(it_.stall_timeout);
    options.fsync = it_.fsync;
    options.discard = it_.discard;
    options.reroute = it_.reroute;
    options.force = existing == Existing::force;
    options.resume = existing == Existing::resume;
    return options;
  }

  // Runs a job to its end, and what befalls it. What all ranks report, by rank.
  std::vector<JobReport> run(Job& job, job::MasterHalf& half, bool faults) {
    if (faults) schedule_faults(job.ranks(), job.master());
    if (it_.slow_reads) {
      job.ranks().each([](RankLoop& rank) { rank.storage().slowest_read = 300ms; });
    }
    if (it_.stall_timeout == Duration::zero()) {
      world_.after(kUsersPatience, [&job] { interrupt(job.ranks(), job.master()); });
    }
    const bool ended = job.run(half, kLongestJob);
    // Without a stall timeout only the launcher ends workers whose master has given up.
    if (!ended && (it_.stall_timeout != Duration::zero() || !job.ranks()[kMaster].ended())) {
      broken("a rank waits forever");
    }
    lost_.clear();
    job.ranks().each([this, faults](RankLoop& rank) {
      lost_.push_back(rank.lost());
      if (rank.storage().misused() > 0) broken("a descriptor is used that is closed");
      if (!faults && rank.outstanding() > 0) broken("a message is neither sent nor cancelled");
    });
    return job.reports();
  }

  static bool interrupt(Ranks& ranks, job::MasterSession& master) {
    if (ranks[kMaster].ended()) return false;
    const bool first = !master.failed();
    master.interrupt({.code = Errc::interrupted, .detail = "interrupted (SIGINT)"});
    return first;
  }

  void schedule_faults(Ranks& ranks, job::MasterSession& master) {
    const Duration when = world_.duration(0ms, 20 * network_.most_delay);
    if (it_.cut_off) world_.after(when, [&ranks, rank = *it_.cut_off] { ranks[rank].lose(); });
    if (it_.killed) world_.after(when, [&ranks, rank = *it_.killed] { ranks[rank].kill(); });
    if (it_.launcher_ends) {
      world_.after(when, [&ranks] { ranks.each([](RankLoop& rank) { rank.kill(); }); });
    }
    if (it_.stopped) {
      const Duration how_long =
          world_.chance(0.5) ? world_.duration(0ms, 2s) : world_.duration(5s, 20s);
      world_.after(when, [this, &ranks, rank = *it_.stopped, how_long] {
        ranks[rank].stop(world_, how_long);
      });
    }
    if (it_.bad_disk) ranks[*it_.bad_disk].storage().faults.error = it_.bad_calls;
    if (it_.interrupted) {
      world_.after(world_.duration(0ms, 20 * network_.most_delay), [this, &ranks, &master] {
        if (interrupt(ranks, master)) auditor_.on_first_interrupt();
      });
    }
  }

  std::vector<JobReport> scatter(Existing existing, bool faults) {
    const ScatterOptions given = options(existing);
    damage_ = faults ? it_.damage : 0;
    copies_ = faults ? it_.copies : 0;
    Job job{network_, disks_, it_.workers, ++job_id_, given.job.session(), writes_};
    auditor_.begin(existing == Existing::resume, faults,
                   [&job] { return job.ranks()[kMaster].chunks_being_sent(); });
    operations::ScatterMaster half{job.master(), given};
    auto reports = run(job, half, faults);
    if (!lost_[0]) auditor_.end(half.report(reports.front()));
    damage_ = copies_ = 0;
    return reports;
  }

  void check_scatter(const std::vector<JobReport>& reports, bool must_succeed) {
    const JobReport& master = reports.front();
    if (must_succeed && !master.ok()) {
      broken(fmt::format("a job without a fault failed: {}",
                         master.failure ? master.failure->message() : "no failure"));
    }
    check_verdicts(reports);
    if (lost_[0]) return;
    check_names(master);
    if (master.ok() && !it_.discard && !files_.is_whole()) {
      broken("what lies there is not the source");
    }
  }

  // A worker that has left in order has the master's verdict.
  void check_verdicts(const std::vector<JobReport>& reports) {
    if (lost_[0] || reports.front().abandoned) return;
    for (std::size_t rank = 1; rank < reports.size(); ++rank) {
      if (lost_[rank] || reports[rank].abandoned) continue;
      if (reports[rank].verdict != reports.front().verdict) {
        broken(fmt::format("rank {} ends with {}, rank 0 with {}", rank,
                           error_name(reports[rank].verdict), error_name(reports.front().verdict)));
      }
    }
  }

  void check_names(const JobReport& master) {
    if (std::ranges::any_of(lost_, [](bool lost) { return lost; }) || it_.bad_disk) return;
    disks_.each([this, &master](Disk& disk) {
      for (const std::string& path : disk.names_below("/out")) {
        if (path.ends_with("/.mpiferry.job")) broken("a job lock is left: " + path);
        if (master.ok() && path.ends_with(".part")) broken("an unfinished file is left: " + path);
      }
    });
  }

  // Cuts the power of all hosts. Returns whether everything is there afterwards, as --fsync
  // promises if it was whole.
  bool cut_power(bool whole) {
    disks_.each([](Disk& disk) { disk.cut_power(); });
    if (whole && it_.fsync && !files_.is_whole()) broken("a power cut takes what was durable");
    return whole && files_.is_whole();
  }

  GatherOptions gather_options() const {
    GatherOptions gather;
    gather.directory = destination();
    gather.target = kTarget;
    gather.job.stall_timeout = options(Existing::none).job.stall_timeout;
    gather.job.window = it_.window;
    gather.job.memory = Bytes{(it_.memory_chunks + 2) * it_.chunk_size.value};
    gather.force = true;
    return gather;
  }

  bool target_is_source() const { return disks_.of(kMaster).read_file(kTarget) == source_; }

  // What is damaged on its way is asked for again, but not for ever.
  void gather_with_damage() {
    disks_.of(kMaster).remove(kTarget);
    damage_ = it_.damage;
    const JobReport gathered = retrieve<operations::GatherMaster>(gather_options());
    damage_ = 0;
    if (gathered.ok()) {
      if (!target_is_source()) broken("what was gathered is not the source");
    } else if (gathered.verdict != Errc::chunk_corrupt || it_.damage == 0) {
      broken("a gather failed: " + gathered.failure->message());
    } else if (disks_.of(kMaster).exists(kTarget)) {
      broken("a gather that failed left its file");
    }
  }

  void retrieve_all() {
    const JobReport gathered = retrieve<operations::GatherMaster>(gather_options());
    if (!gathered.ok()) {
      broken("a gather failed: " + (gathered.failure ? gathered.failure->message() : "no failure"));
    } else if (!target_is_source()) {
      broken("what was gathered is not the source");
    }
    VerifyOptions verify;
    verify.directory = destination();
    verify.job.stall_timeout = options(Existing::none).job.stall_timeout;
    verify.against = it_.stream ? std::string{} : kSource;
    const JobReport verified = retrieve<operations::VerifyMaster>(verify);
    if (!verified.ok()) {
      broken("a verification failed: " +
             (verified.failure ? verified.failure->message() : "no failure"));
    }
  }

  template <class Consumer, class Options>
  JobReport retrieve(const Options& given) {
    Job job{network_, disks_, it_.workers, ++job_id_, given.job.session(), writes_};
    Consumer consumer{given};
    operations::RetrievalMaster half{job.master(), given.directory, given.job, consumer};
    const std::vector<JobReport> reports = run(job, half, false);
    check_verdicts(reports);
    return reports.front();
  }

  void broken(std::string what) { played_.broken.push_back(std::move(what)); }

  const Scenario it_;
  const bool trace_;
  World world_;
  Network network_;
  Disks disks_;
  std::string source_;
  LayoutReader files_;
  Auditor auditor_;
  Writes writes_{auditor_};
  std::uint64_t job_id_ = 0;
  double damage_ = 0;
  double copies_ = 0;
  std::vector<bool> lost_;  // of the last job, by rank
  Played played_;
};

}  // namespace

Played play(const Scenario& scenario, bool trace) { return Play{scenario, trace}.run(); }

}  // namespace mpiferry::simulation

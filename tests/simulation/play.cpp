#include "tests/simulation/play.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "engine/job/master_session.hpp"
#include "engine/job/worker_session.hpp"
#include "engine/operations/gather/gather_master.hpp"
#include "engine/operations/retrieval/retrieval_master.hpp"
#include "engine/operations/retrieval/retrieval_worker.hpp"
#include "engine/operations/scatter/scatter_master.hpp"
#include "engine/operations/scatter/scatter_worker.hpp"
#include "engine/operations/verify/verify_master.hpp"
#include "tests/simulation/ranks.hpp"

namespace mpiferry::simulation {
namespace fs = std::filesystem;
namespace {

using namespace std::chrono_literals;

// No job has more to do than this; all waits in it are bounded by the stall timeout.
constexpr Duration kMostTime = 10min;
constexpr auto kStallTimeout = 5s;

std::string read_file(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

Result<std::unique_ptr<job::WorkerHalf>> make_half(const job::WorkerContext& context,
                                                   const job::Message& message) {
  return message.header.kind == wire::Kind::retrieval
             ? operations::RetrievalWorker::make(context, message)
             : operations::ScatterWorker::make(context, message);
}

// One run of a scenario: its world, its files, and what was promised.
class Play {
 public:
  Play(const Scenario& scenario, fs::path directory, bool trace)
      : it_(scenario), directory_(std::move(directory)), world_(scenario.seed), network_(world_) {
    network_.on_arrival = [this, trace](Rank from, Rank to, int /*tag*/,
                                        std::vector<std::byte>& message) {
      if (trace) note(from, to, message);
      damage(message);
      check_permission(from, message);
    };
  }

  Played run() {
    network_.on_unexpected = [this](Rank to, const std::vector<std::byte>& message) {
      const auto header = wire::decode(message);
      if (header && header->kind == wire::Kind::chunk) {
        broken(fmt::format("chunk {} reaches rank {} before a receive is posted for it",
                           header->chunk.value, to.value));
      }
    };
    fs::create_directories(directory_);
    write_source();
    if (it_.slow) network_.most_delay = 1s;
    if (it_.changed) {
      faults_ = false;
      check_scatter(scatter({}), true);
      faults_ = true;
      write_source();
    }
    const std::vector<Report> first = scatter(it_.changed ? "resume" : "");
    check_scatter(first, it_.faultless());
    const bool retrievable = first.front().ok() && !lost_[0] && !it_.discard;
    if (retrievable) gather_with_damage();
    faults_ = false;
    if (it_.again) check_scatter(scatter(it_.force ? "force" : "resume"), true);
    if (it_.again || retrievable) retrieve_all();
    fs::remove_all(directory_);
    return std::move(played_);
  }

 private:
  // Not how long it is: the job's message has times and process ids in it.
  void note(Rank from, Rank to, const std::vector<std::byte>& message) {
    const auto header = wire::decode(message);
    played_.trace.push_back(fmt::format(
        "{:12.3f} ms  rank {} -> {}  kind {}, chunk {}, attempt {}",
        std::chrono::duration<double, std::milli>(world_.now().time_since_epoch()).count(),
        from.value, to.value, header ? static_cast<int>(header->kind) : -1,
        header ? header->chunk.value : 0, header ? header->attempt : 0));
  }

  void damage(std::vector<std::byte>& message) {
    const auto header = wire::decode(message);
    if (!header || header->kind != wire::Kind::chunk || message.size() <= kHeaderSize ||
        !world_.chance(damage_)) {
      return;
    }
    message[kHeaderSize + world_.number(message.size() - kHeaderSize - 1)] ^= std::byte{1};
  }

  void write_source() {
    source_.resize(it_.size.value);
    for (char& c : source_) c = static_cast<char>(world_.number(255));
    std::ofstream{directory_ / "source", std::ios::binary} << source_;
  }

  // When rank 0 says that a job is over, and well, everything is in its place.
  void check_permission(Rank from, const std::vector<std::byte>& message) {
    const auto header = wire::decode(message);
    if (!scattering_ || it_.discard || from != kMaster || !header ||
        header->kind != wire::Kind::over) {
      return;
    }
    const auto over = wire::decode_over(std::span{message}.subspan(kHeaderSize));
    if (over && over->verdict == Errc::ok && std::exchange(scattering_, false)) check_bytes();
  }

  std::string destination() const {
    return (directory_ / (it_.own_directories ? "out/{rank}" : "out")).string();
  }

  Options options(const std::string& how) const {
    Options options;
    options.source = (directory_ / "source").string();
    options.destination = destination();
    options.chunk_size = it_.chunk_size;
    options.layout = it_.layout;
    options.window = it_.window;
    options.memory = Bytes{it_.memory_chunks * it_.chunk_size.value};
    options.retries = it_.retries;
    options.stall_timeout = kStallTimeout;
    options.fsync = it_.fsync;
    options.discard = it_.discard;
    options.reroute = it_.reroute;
    options.force = how == "force";
    options.resume = how == "resume";
    return options;
  }

  // Runs a job; `with_half` hands the master's half to what it is given. The reports of all ranks,
  // by rank.
  template <class WithHalf>
  std::vector<Report> run_job(const job::SessionOptions& session_options, WithHalf with_half) {
    Ranks ranks{network_, static_cast<int>(it_.workers) + 1};
    job::MasterSession master{ranks[kMaster].environment(), session_options, nobody_, ++job_id_};
    std::vector<Report> reports;
    with_half(master, [&](job::MasterHalf& half) {
      reports = run_ranks(ranks, session_options, master, half);
    });
    return reports;
  }

  std::vector<Report> run_ranks(Ranks& ranks, const job::SessionOptions& session_options,
                                job::MasterSession& master, job::MasterHalf& half) {
    std::vector<std::unique_ptr<job::WorkerSession>> workers;
    for (int rank = 1; rank < ranks.size(); ++rank) {
      workers.push_back(std::make_unique<job::WorkerSession>(ranks[Rank{rank}].environment(),
                                                             session_options, nobody_, make_half));
      ranks[Rank{rank}].start(workers.back()->run());
    }
    ranks[kMaster].start(master.run(half));
    schedule_faults(ranks, master);
    if (!ranks.run(kMostTime)) broken("a rank waits for ever");
    world_.forget();  // what is still on its way belongs to this job's communicator
    std::vector<Report> reports{master.report(half)};
    for (const auto& worker : workers) reports.push_back(worker->report());
    lost_.clear();
    for (int rank = 0; rank < ranks.size(); ++rank) lost_.push_back(ranks[Rank{rank}].lost());
    return reports;
  }

  void schedule_faults(Ranks& ranks, job::MasterSession& master) {
    if (!faults_) return;
    const Duration when = world_.duration(0ms, 20ms);
    if (it_.cut_off) {
      world_.after(when, [&ranks, rank = *it_.cut_off] { ranks[rank].lose(); });
    }
    if (it_.stopped) {
      const Duration how_long = world_.chance(0.5)
                                    ? world_.duration(0ms, kStallTimeout / 2)
                                    : world_.duration(kStallTimeout, 4 * kStallTimeout);
      world_.after(when, [this, &ranks, rank = *it_.stopped, how_long] {
        ranks[rank].stop(world_, how_long);
      });
    }
    if (it_.interrupted) {
      world_.after(when, [&ranks, &master] {
        if (!ranks[kMaster].ended()) {
          master.fail({.code = Errc::interrupted, .detail = "interrupted (SIGINT)"});
        }
      });
    }
  }

  std::vector<Report> scatter(const std::string& how) {
    const Options given = options(how);
    damage_ = faults_ ? it_.damage : 0;
    scattering_ = true;
    auto reports = run_job(given.session(), [&given](job::MasterSession& session, auto run) {
      operations::ScatterMaster half{session, given};
      run(half);
    });
    scattering_ = false;
    damage_ = 0;
    return reports;
  }

  void check_scatter(const std::vector<Report>& reports, bool must_succeed) {
    const Report& master = reports.front();
    if (must_succeed && !master.ok()) {
      broken(fmt::format("a job without a fault failed: {}",
                         master.failure ? master.failure->message() : "no failure"));
    }
    check_verdicts(reports);
    if (lost_[0]) return;
    check_names(master);
    if (master.ok() && !it_.discard) check_bytes();
  }

  // A worker that has left in order has the master's verdict.
  void check_verdicts(const std::vector<Report>& reports) {
    if (lost_[0] || reports.front().abandoned) return;
    for (std::size_t rank = 1; rank < reports.size(); ++rank) {
      if (lost_[rank] || reports[rank].abandoned) continue;
      if (reports[rank].verdict != reports.front().verdict) {
        broken(fmt::format("rank {} ends with {}, rank 0 with {}", rank,
                           error_name(reports[rank].verdict), error_name(reports.front().verdict)));
      }
    }
  }

  void check_names(const Report& master) {
    const bool whole = master.ok() || master.untouched;
    const fs::path out = directory_ / (it_.own_directories ? "out/0" : "out");
    if (!it_.discard && whole != fs::exists(out / "manifest.json")) {
      broken(whole ? "a job ended well without a manifest" : "a failed job left a manifest");
    }
    if (std::ranges::any_of(lost_, [](bool lost) { return lost; })) return;
    if (!fs::exists(directory_ / "out")) return;
    for (const auto& entry : fs::recursive_directory_iterator{directory_ / "out"}) {
      const std::string name = entry.path().filename();
      if (name == ".mpiferry.job") broken("a job lock is left: " + entry.path().string());
      if (master.ok() && name.ends_with(".part")) {
        broken("an unfinished file is left: " + entry.path().string());
      }
    }
  }

  fs::path place_of(std::uint64_t worker) const {
    return it_.own_directories ? directory_ / "out" / std::to_string(worker) : directory_ / "out";
  }

  // All of the source lies there, in files of its layout.
  void check_bytes() {
    std::string found;
    const std::uint64_t chunks = (it_.size.value + it_.chunk_size.value - 1) / it_.chunk_size.value;
    for (std::uint64_t i = 0; i < chunks; ++i) {
      const std::uint64_t worker = i % it_.workers + 1;
      switch (it_.layout) {
        case wire::Layout::chunks:
          found += read_file(place_of(worker) / fmt::format("chunk_{}.bin", i));
          break;
        case wire::Layout::stripes:
          found += read_file(place_of(worker) / fmt::format("stripe_{}.bin", worker))
                       .substr(i / it_.workers * it_.chunk_size.value, it_.chunk_size.value);
          break;
        case wire::Layout::file:
          if (i == 0) found = read_file(place_of(worker) / "file.bin");
          break;
      }
    }
    if (found != source_) broken("what lies there is not the source");
  }

  GatherOptions gather_options() const {
    GatherOptions gather;
    gather.directory = destination();
    gather.target = (directory_ / "target").string();
    gather.stall_timeout = kStallTimeout;
    gather.window = it_.window;
    gather.memory = Bytes{(it_.memory_chunks + 2) * it_.chunk_size.value};
    gather.force = true;
    return gather;
  }

  // What is damaged on its way is asked for again, but not for ever.
  void gather_with_damage() {
    fs::remove(directory_ / "target");
    damage_ = it_.damage;
    const bool faults = std::exchange(faults_, false);
    const Report gathered = retrieve<operations::GatherMaster>(gather_options());
    faults_ = faults;
    damage_ = 0;
    if (gathered.ok()) {
      if (read_file(directory_ / "target") != source_)
        broken("what was gathered is not the source");
    } else if (gathered.verdict != Errc::chunk_corrupt || it_.damage == 0) {
      broken("a gather failed: " + gathered.failure->message());
    } else if (fs::exists(directory_ / "target")) {
      broken("a gather that failed left its file");
    }
  }

  void retrieve_all() {
    const GatherOptions gather = gather_options();
    const Report gathered = retrieve<operations::GatherMaster>(gather);
    if (!gathered.ok()) {
      broken("a gather failed: " + (gathered.failure ? gathered.failure->message() : "no failure"));
    } else if (read_file(gather.target) != source_) {
      broken("what was gathered is not the source");
    }
    VerifyOptions verify;
    verify.directory = destination();
    verify.stall_timeout = kStallTimeout;
    verify.against = (directory_ / "source").string();
    const Report verified = retrieve<operations::VerifyMaster>(verify);
    if (!verified.ok()) {
      broken("a verification failed: " +
             (verified.failure ? verified.failure->message() : "no failure"));
    }
  }

  template <class Consumer, class RetrievalSettings>
  Report retrieve(const RetrievalSettings& given) {
    const std::vector<Report> reports =
        run_job(given.session(), [&given](job::MasterSession& session, auto run) {
          Consumer consumer{given};
          operations::RetrievalMaster half{session, given, consumer};
          run(half);
        });
    check_verdicts(reports);
    return reports.front();
  }

  void broken(std::string what) { played_.broken.push_back(std::move(what)); }

  const Scenario it_;
  const fs::path directory_;
  World world_;
  Network network_;
  Observer nobody_;
  std::string source_;
  std::uint64_t job_id_ = 0;
  double damage_ = 0;
  bool faults_ = true;
  bool scattering_ = false;  // and rank 0 has not said that it is over
  std::vector<bool> lost_;   // of the last job, by rank
  Played played_;
};

}  // namespace

Played play(const Scenario& scenario, const std::string& directory, bool trace) {
  return Play{scenario, directory, trace}.run();
}

}  // namespace mpiferry::simulation

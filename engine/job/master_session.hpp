// Rank 0 of any job: sends it to the workers, takes their messages, ends it, and knows why it ends.
// What is moved, and how, is the operation's half.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/signal_set.hpp>

#include "engine/clock/clock.hpp"
#include "engine/job/control.hpp"
#include "engine/job/environment.hpp"
#include "engine/job/heartbeat.hpp"
#include "engine/job/job_clock.hpp"
#include "engine/job/job_report.hpp"
#include "engine/job/master_half.hpp"
#include "engine/job/observer.hpp"
#include "engine/job/peer_table.hpp"
#include "engine/job/posted_receives.hpp"
#include "engine/job/stopwatch.hpp"
#include "engine/job/task.hpp"
#include "engine/protocol/master_fsm.hpp"
#include "engine/protocol/stall.hpp"

namespace mpiferry::job {

std::uint64_t random_job_id();

class MasterSession {
 public:
  // `job_id`: of no other job, and not 0.
  MasterSession(const Environment& environment, const SessionOptions& options, Observer& observer,
                std::uint64_t job_id = random_job_id());
  MasterSession(const MasterSession&) = delete;
  MasterSession& operator=(const MasterSession&) = delete;

  // The whole job. Failures end up in the report. `half` outlives the io_context's run.
  Task<> run(MasterHalf& half);
  // What the half has done is not in it.
  JobReport report() const;

  // What follows is the half's.
  const Environment& environment() const noexcept { return environment_; }
  Observer& observer() const noexcept { return observer_; }
  std::uint64_t job_id() const noexcept { return job_id_; }
  const PeerTable& peers() const noexcept { return peers_; }
  std::uint32_t workers() const noexcept { return peers_.size(); }
  // Of rank 0, too.
  const std::string& host(Rank rank) const;
  // What a job message says of rank 0 and its program.
  wire::Master identity(std::string build) const {
    return {environment_.host, std::move(build), environment_.machine};
  }
  // Without the time in which this process stood still.
  clock::Time now() const noexcept { return clock_.now(); }
  // Notified when the job has failed or a message has come. The half notifies it as well.
  Event& changed() noexcept { return changed_; }

  bool failed() const noexcept { return fsm_.failed(); }
  Errc verdict() const noexcept { return fsm_.verdict(); }
  bool transferring() const noexcept { return fsm_.transferring(); }
  std::chrono::nanoseconds transfer_time() const { return stopwatch_.transfer(); }

  // A signal has come. It ends a job that is not over yet, and the wait of one that is.
  void interrupt(Failure failure);
  // The first failure is the job's; what follows from it is noise.
  void fail(Failure failure);
  // What `from` said ends the job.
  void fail_at(Rank from, Failure failure);
  // `silent`: who has been, the worst of them first; `what`: has that one done.
  Failure silence(const std::vector<Rank>& silent, std::string what) const;
  // From this long a silence on a worker is named beside one that is given up.
  clock::Duration notable_silence() const noexcept {
    return clock::Duration{options_.stall_timeout} / 2;
  }

  // A worker has said what it needs (MasterHalf::clears).
  void on_measured(Rank from) noexcept { fsm_.on_measured(from); }
  // A chunk has come that may have been on its way when the end was sent.
  void on_late() noexcept { fsm_.on_late(clock_.now()); }

  template <class Job>
  void send_job(Rank to, wire::Kind kind, const Job& job) {
    control_.send(to, wire::Tag::data, kind, job_id_, job);
  }
  // Posts the usual receives, for messages without chunks, or one with the half's own buffer.
  void post_receives();
  void post_receive(Lease lease) { receives_.post(std::move(lease)); }
  std::size_t posted_receives() const noexcept { return receives_.posted(); }

 private:
  void catch_signal();
  Task<> run_steps(MasterHalf& half);
  Task<> transfer(MasterHalf& half);
  Task<> publish(MasterHalf& half);
  void send_end(const MasterHalf& half);
  void release_workers();
  Task<> leave();
  void on_completion(const ErrorCode& error, Completion& completion);
  void dispatch(Completion& completion);
  void dispatch(Rank from, const Message& message, Completion& completion);
  void on_failed_message(Failure failure);
  Failure placed(Failure failure) const;
  Task<> watch();
  void tick();

  const Environment environment_;
  const SessionOptions options_;
  Observer& observer_;
  const std::uint64_t job_id_;
  MasterHalf* half_ = nullptr;  // that is being run
  PeerTable peers_;
  Event changed_;
  ControlSender control_;
  PostedReceives receives_;
  JobClock clock_;
  protocol::MasterFsm fsm_;
  MasterHeartbeat heartbeat_;
  clock::Timer tick_timer_;
  boost::asio::signal_set signals_;
  Stopwatch stopwatch_;
  bool hurried_ = false;  // a signal has come while it leaves
  bool left_ = false;
};

// How long something took, for messages.
double seconds(clock::Duration duration);
// The ranks of `stalls`, that of `worst` before the others.
std::vector<Rank> worst_first(const protocol::Stall& worst,
                              const std::vector<protocol::Stall>& stalls);

}  // namespace mpiferry::job

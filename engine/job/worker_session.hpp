// Ranks 1 .. size-1 in any job: take it, do their half of it, say what fails, leave when the master
// says so, or when it is lost.
#pragma once

#include <memory>
#include <optional>

#include <boost/asio/signal_set.hpp>

#include "engine/job/control.hpp"
#include "engine/job/environment.hpp"
#include "engine/job/heartbeat.hpp"
#include "engine/job/job_clock.hpp"
#include "engine/job/job_report.hpp"
#include "engine/job/observer.hpp"
#include "engine/job/task.hpp"
#include "engine/job/worker_half.hpp"
#include "engine/protocol/master_deadline.hpp"
#include "engine/protocol/worker_fsm.hpp"

namespace mpiferry::job {

class WorkerSession {
 public:
  WorkerSession(const Environment& environment, const SessionOptions& options, Observer& observer,
                MakeWorkerHalf make_half);
  WorkerSession(const WorkerSession&) = delete;
  WorkerSession& operator=(const WorkerSession&) = delete;

  // From the job to the end. What fails here is told to the master, who says what it means.
  Task<> run();
  JobReport report() const;

 private:
  struct EarlyEnd {
    WorkerSession* self;
    void operator()(const ErrorCode& error, const Completion& completion) const;
  };
  Task<> receive_first();
  Task<> take_job(const Message& message);
  Task<> prepare();
  protocol::Order judge(const Result<Message>& message);
  void take_end(const Message& message);
  Task<> finish();
  Task<> follow_master();
  Outcome take_notice(const Completion& completion);
  Task<> watch();
  void give_up();
  void fail(Failure failure);
  void report_failure();
  Failure placed(Failure failure) const;
  void interrupt(Failure signal);

  const Environment environment_;
  const SessionOptions options_;
  const MakeWorkerHalf make_half_;
  Event changed_;
  ControlSender control_;
  boost::asio::signal_set signals_;
  clock::Timer tick_timer_;
  JobClock clock_;
  protocol::WorkerFsm fsm_;
  protocol::MasterDeadline deadline_;
  WorkerHeartbeat heartbeat_;
  WorkerContext context_;
  std::unique_ptr<WorkerHalf> half_;
  bool early_receive_posted_ = false;  // for an end that comes while the half is prepared
  std::optional<wire::End> end_;
};

}  // namespace mpiferry::job

// Ranks 1 .. size-1 in any job: take it, do their duty in it, say what fails, leave when the master
// says so, or when it is lost.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "engine/mpi/mpi_context.hpp"
#include "engine/protocol/master_deadline.hpp"
#include "engine/protocol/worker_fsm.hpp"
#include "engine/roles/control.hpp"
#include "engine/roles/duty.hpp"
#include "engine/roles/heartbeat.hpp"
#include "engine/roles/job_clock.hpp"
#include "engine/roles/observer.hpp"
#include "engine/roles/options.hpp"
#include "engine/roles/report.hpp"
#include "engine/roles/task.hpp"

namespace mpiferry::roles {

class Worker {
 public:
  Worker(mpi::MpiContext& context, const mpi::Communicator& communicator, const Options& options,
         Observer& observer);

  // From the job to the end. What fails here is told to the master, who says what it means.
  Task<> run();
  Report report() const;

 private:
  struct EarlyEnd {
    Worker* self;
    void operator()(const mpi::ErrorCode& error, const mpi::Completion& completion) const;
  };
  Task<> receive_orders();
  Task<> follow_master();
  Outcome take_word(const mpi::Completion& completion);
  Task<> watch();
  void give_up();
  Task<> take_job(const Message& message);
  void take_end(const Message& message);
  void fail(Failure failure);
  void tell_failure();
  Failure placed(Failure failure) const;
  void interrupt(Failure signal);

  static constexpr std::chrono::milliseconds kTick{100};

  mpi::MpiContext& context_;
  const mpi::Communicator& communicator_;
  const Options& options_;

  ControlSender control_;
  Event changed_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer tick_timer_;
  JobClock clock_;
  protocol::WorkerFsm fsm_;
  protocol::MasterDeadline deadline_;
  Post post_;
  std::unique_ptr<Duty> duty_;
  mpi::Operation from_master_;  // the posted receive for signs of life and the last word
  bool publishing_ = false;
  bool closed_ = false;  // it has said its last word
  Heartbeat heartbeat_;
  bool hearing_early_ = false;  // an end that comes while the duty is prepared
  std::optional<wire::End> end_;
  bool abandoned_ = false;
};

}  // namespace mpiferry::roles

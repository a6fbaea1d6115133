// Ranks 1 .. size-1 in any job: take it, do their duty in it, say what fails, leave when the end
// comes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "engine/flow/attendant.hpp"
#include "engine/mpi/mpi_context.hpp"
#include "engine/roles/control.hpp"
#include "engine/roles/duty.hpp"
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
  Task<> take_job(const Message& message);
  void take_end(const Message& message);
  void fail(Failure failure);
  void tell_failure();
  Failure placed(Failure failure) const;
  void end_soon(Failure signal);

  mpi::MpiContext& context_;
  const mpi::Communicator& communicator_;
  const Options& options_;

  ControlSender control_;
  Event changed_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer patience_;
  flow::Attendant attendant_;
  Post post_;
  std::unique_ptr<Duty> duty_;
  bool hearing_early_ = false;  // an end that comes while the duty is prepared
  std::optional<wire::End> end_;
  bool abandoned_ = false;
};

}  // namespace mpiferry::roles

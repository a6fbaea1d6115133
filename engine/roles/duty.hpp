// What a worker does in a job of one kind, and what every duty has at hand for that.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "engine/base/result.hpp"
#include "engine/mpi/mpi_context.hpp"
#include "engine/protocol/worker_fsm.hpp"
#include "engine/roles/control.hpp"
#include "engine/roles/observer.hpp"
#include "engine/roles/report.hpp"
#include "engine/roles/task.hpp"

namespace mpiferry::roles {

// A worker's place in a job. All of it is the Worker's and outlives its duty.
struct Post {
  mpi::MpiContext& context;
  const mpi::Communicator& communicator;
  Observer& observer;
  ControlSender& control;
  const protocol::WorkerFsm& fsm;
  Event& changed;  // to be notified when busy() may have become false
  std::function<void(Failure)> fail;
  std::function<void(const Message&)> take_end;
  std::string host;
  std::string build;
  std::uint64_t job_id = 0;
  bool may_clear = false;  // the master has said so

  Rank self() const noexcept { return communicator.rank(); }
};

class Duty {
 public:
  Duty() = default;
  Duty(const Duty&) = delete;
  Duty& operator=(const Duty&) = delete;
  virtual ~Duty() = default;

  // The preflight. Ends early when attendant.cancelled().
  virtual Task<Outcome> prepare() = 0;
  // Posts receives, of the end too, and then tells the master that this worker is ready.
  virtual void start() = 0;
  // The end has come: cancels what is still posted, lets what was begun run on.
  virtual void end() = 0;
  // The master's host, and how long it may be silent; 0: for ever.
  virtual const std::string& master_host() const = 0;
  virtual std::chrono::milliseconds stall_timeout() const = 0;
  // Prepared as far as it goes without the others: the master is told that this worker is there.
  virtual bool waiting() const { return false; }
  // Receives or answers are still under way.
  virtual bool receiving() const = 0;
  virtual bool answering() const = 0;
  // After a good end: makes the work visible.
  virtual Task<Outcome> publish(const wire::End& end) = 0;
  virtual wire::Closed closed() const = 0;
  virtual void add_to(Report& report) const = 0;
};

}  // namespace mpiferry::roles

// What a worker does in a job of one kind, and what it has at hand for that.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/result.hpp"
#include "engine/job/control.hpp"
#include "engine/job/environment.hpp"
#include "engine/job/heartbeat.hpp"
#include "engine/job/observer.hpp"
#include "engine/job/task.hpp"
#include "engine/plan/topology.hpp"
#include "engine/protocol/worker_fsm.hpp"

namespace mpiferry::job {

// A worker's place in a job. All of it is the WorkerSession's and outlives its half.
struct WorkerContext {
  const Environment& environment;
  Observer& observer;
  ControlSender& control;
  WorkerHeartbeat& heartbeat;
  const protocol::WorkerFsm& fsm;
  Event& changed;  // to be notified when receiving() or answering() may have become false
  OnError fail;
  // What to do with a message that has come with the data tag. The session has done it, unless that
  // is `deliver`, and has failed where the message is none. Of a chunk only the header is checked.
  std::function<protocol::Order(const Result<Message>&)> judge;
  std::string build;
  plan::Topology topology = plan::Topology::star();
  std::uint64_t job_id = 0;

  Transport& transport() const noexcept { return environment.transport; }
  boost::asio::io_context& io() const noexcept { return environment.io(); }
  Rank self() const noexcept { return environment.self(); }
  // With which rank this one exchanges chunks.
  Rank upstream() const noexcept { return topology.upstream_of(self()); }

  // To be called again and again where the job's beginning or its end takes its time.
  void beat() const { heartbeat.beat(job_id); }

  template <class Payload>
  void send_status(wire::Kind kind, const Payload& payload) const {
    control.send(kMaster, wire::Tag::status, kind, job_id, payload);
  }
};

// The verbs come in the order in which they are called.
class WorkerHalf {
 public:
  WorkerHalf() = default;
  WorkerHalf(const WorkerHalf&) = delete;
  WorkerHalf& operator=(const WorkerHalf&) = delete;
  virtual ~WorkerHalf() = default;

  // The master's host, and how long it may be silent; 0: for ever.
  virtual const std::string& master_host() const = 0;
  virtual std::chrono::milliseconds stall_timeout() const = 0;
  // The preflight. Ends early when fsm.cancelled().
  virtual Task<Outcome> prepare() = 0;
  // Posts receives, of the end too, and then tells the master that this worker is ready.
  virtual void start() = 0;
  // What the master says beside the work, from the preflight on. False if that has no place here.
  virtual bool on_message(const Message& /*message*/) { return false; }
  // Ten times a second, until the end.
  virtual void on_tick() {}
  // The end has come: cancels what is still posted, lets what was begun run on.
  virtual void on_end() = 0;
  // Receives or answers are still under way.
  virtual bool receiving() const = 0;
  virtual bool answering() const = 0;
  // After a good end: makes the work visible.
  virtual Task<Outcome> publish(const wire::End& end) = 0;
  // The job is over: gives back what it holds.
  virtual void finish() {}
  // What it has done.
  virtual wire::Closed closed_message() const = 0;
};

// Makes the half that a job's message asks for; bad_field if it cannot be read.
using MakeWorkerHalf =
    std::function<Result<std::unique_ptr<WorkerHalf>>(const WorkerContext&, const Message&)>;

}  // namespace mpiferry::job

// Signs of life, so that who waits can tell a rank that is busy from one that is lost.
#pragma once

#include <optional>

#include "engine/clock/clock.hpp"
#include "engine/job/control.hpp"

namespace mpiferry::job {

// The master's, to every worker, for as long as the job lasts. Not thread-safe. Must outlive the
// messages that it has sent.
class MasterHeartbeat {
 public:
  // `stall_timeout`: how long the workers wait for the master; 0: for ever.
  MasterHeartbeat(Transport& transport, std::uint64_t job_id, clock::Duration stall_timeout,
                  Event& changed, OnError on_error);

  // To be called often: tells every worker when it is time.
  void beat(clock::Time now);

 private:
  NoticeSender notices_;
  int ranks_;
  std::uint64_t job_id_;
  clock::Duration interval_;
  std::optional<clock::Time> last_;
};

// A worker's, where the job's beginning or its end takes its time: very many files are looked
// through or removed, large stripes are read back. Not thread-safe. Must outlive the message that
// it has sent last.
class WorkerHeartbeat {
 public:
  WorkerHeartbeat(Transport& transport, const clock::Clock& clock, Event& changed,
                  OnError on_error);

  // Something begins that may take its time: what is over sooner needs no sign of life.
  void begin() { last_ = clock_.now(); }
  // Tells the master, at most ten times a second.
  void beat(std::uint64_t job_id);

 private:
  NoticeSender notices_;
  const clock::Clock& clock_;
  clock::Time last_;
};

}  // namespace mpiferry::job

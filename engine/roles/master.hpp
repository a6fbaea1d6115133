// Rank 0 of any job: invites the workers, hears them, dismisses them, and knows why it ends. What
// is moved, and how, is for those who derive from it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "engine/base/buffer_pool.hpp"
#include "engine/mpi/mpi_context.hpp"
#include "engine/protocol/master_fsm.hpp"
#include "engine/protocol/stall.hpp"
#include "engine/roles/control.hpp"
#include "engine/roles/job_clock.hpp"
#include "engine/roles/observer.hpp"
#include "engine/roles/peer_table.hpp"
#include "engine/roles/preflight.hpp"
#include "engine/roles/report.hpp"
#include "engine/roles/signs_of_life.hpp"
#include "engine/roles/task.hpp"

namespace mpiferry::roles {

class Master {
 public:
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;
  virtual ~Master() = default;

  // The whole job. Failures end up in the report.
  Task<> run();
  Report report() const;

 protected:
  Master(mpi::MpiContext& context, const mpi::Communicator& communicator, Observer& observer,
         std::chrono::milliseconds stall_timeout, bool handle_signals);

  // The steps of this kind of job (protocol::Step). `prepare` is followed by `invite` only if it
  // succeeds; `transfer` comes back when all is moved or the job has failed.
  virtual Task<Outcome> prepare() = 0;
  virtual void send_job() = 0;
  // Whether files of an earlier job are to go when all workers have said that theirs will fit, and
  // that step: removes them here, and tells the workers to do so.
  virtual bool clears() const { return false; }
  virtual Task<Outcome> clear_destination() { co_return Nothing{}; }
  virtual Task<> transfer() = 0;
  // On a thread of its own, so that the master goes on to give signs of life; nobody else touches
  // what is published meanwhile.
  virtual Outcome publish() = 0;
  // Every worker has answered the job. A failure ends it before the first byte.
  virtual Outcome check_peers() { return Nothing{}; }
  // The last word to a worker.
  virtual wire::End end_message(Rank worker) const = 0;
  // Every message of a worker that is no ready, failed or closed. That of a chunk may be damaged.
  // Who takes the completion's lease calls `listen` with it, or another, later.
  virtual void hear_more(Rank from, const Message& message, mpi::Completion& completion) = 0;
  // Ten times a second while chunks are moved.
  virtual void on_tick(protocol::Time now) = 0;
  // The job has failed: what waits for something else than `changed_` is to be woken.
  virtual void on_failed() {}
  // The job is decided, and what was to be published is there: gives back what it holds.
  virtual void release() {}
  virtual void add_to(Report& report) const = 0;

  // Before anything else: posts the receives for the workers' messages.
  virtual void begin_listening();
  // Posts a receive for any worker's next message.
  void listen(Lease lease);
  // How many are posted.
  std::size_t listening() const noexcept { return listening_.size() - deaf_.size(); }
  // The first failure is the job's; what follows from it is noise.
  void fail(Failure failure);
  // A worker has failed.
  void hear_failure(Failure failure);
  // What `from` said ends the job.
  void refuse(Rank from, Failure failure);
  // `stalls`: who has been silent, the worst of them first; `what`: has that one done.
  Failure silence(const std::vector<Rank>& silent, std::string what) const;
  // From this long a silence on a worker is named beside one that is given up.
  protocol::Duration notable_silence() const noexcept { return stall_timeout_ / 2; }

  std::uint32_t workers() const noexcept { return peers_.size(); }

  boost::asio::io_context& io_;
  mpi::MpiContext& context_;
  const mpi::Communicator& communicator_;
  Observer& observer_;
  const std::string host_;
  const std::uint64_t job_id_;
  PeerTable peers_;
  CapacityCheck capacity_;
  ControlSender control_;
  Event changed_;
  JobClock clock_;
  protocol::MasterFsm fsm_;
  std::chrono::steady_clock::time_point transfer_began_;

 private:
  struct Heard {
    Master* self;
    std::size_t listener;
    void operator()(const mpi::ErrorCode& error, mpi::Completion completion) const;
  };
  void send_end();
  Task<> publish_apart();
  void release_workers();
  void stop();
  void hear(mpi::Completion& completion);
  Failure placed(Failure failure) const;
  Task<> watch();
  void tick();

  static constexpr std::chrono::milliseconds kTick{100};

  const protocol::Duration stall_timeout_;
  const bool handle_signals_;
  std::vector<mpi::Operation> listening_;  // by listener
  std::vector<std::size_t> deaf_;          // listeners without a receive
  SignsOfLife signs_of_life_;
  boost::asio::steady_timer tick_timer_;
  boost::asio::signal_set signals_;
  std::chrono::steady_clock::time_point began_;
  std::chrono::nanoseconds transfer_time_{};
};

// How long something took, for messages.
double seconds(protocol::Duration duration);
// The ranks of `stalls`, that of `worst` before the others.
std::vector<Rank> worst_first(const protocol::Stall& worst,
                              const std::vector<protocol::Stall>& stalls);

}  // namespace mpiferry::roles

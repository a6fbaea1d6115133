// Ranks 1 .. size-1: take the job, receive chunks, check them, write them, answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "engine/base/buffer_pool.hpp"
#include "engine/disk/directory.hpp"
#include "engine/flow/attendant.hpp"
#include "engine/flow/receiver.hpp"
#include "engine/mpi/mpi_context.hpp"
#include "engine/roles/ack_sender.hpp"
#include "engine/roles/committer.hpp"
#include "engine/roles/control.hpp"
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
  // worker.cpp: the job's stages
  struct EarlyEnd {
    Worker* self;
    void operator()(const mpi::ErrorCode& error, const mpi::Completion& completion) const;
  };
  Task<> receive_orders();
  Task<> take_job(const ControlMessage& message);
  Task<Outcome> prepare();
  void take_end(const ControlMessage& message);
  void publish_sums_file();
  void close();
  void fail(Failure failure);
  void tell_failure();
  Failure placed(Failure failure) const;
  void end_soon(Failure signal);

  // worker_lane.cpp: one posted receive and what becomes of it
  Task<> lane(std::size_t index);
  void post_receive(std::size_t index, Lease lease);
  bool play_faults(const wire::Header& header, std::span<std::byte> payload);

  boost::asio::io_context& io_;
  mpi::MpiContext& context_;
  const mpi::Communicator& communicator_;
  const Options& options_;
  Observer& observer_;
  const std::string host_;

  ControlSender control_;
  Event changed_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer patience_;

  std::uint64_t job_id_ = 0;
  std::optional<wire::Job> job_;
  // Shared with the lanes: a part must not outlive its directory. Nothing if chunks are discarded.
  std::shared_ptr<disk::Directory> directory_;
  std::optional<BufferPool> chunk_pool_;
  std::optional<flow::Receiver> receiver_;
  std::optional<AckSender> acks_;
  std::optional<Committer> committer_;  // with --fsync; before the directory and the lanes go
  std::vector<mpi::Operation> lanes_;
  std::size_t open_lanes_ = 0;
  std::uint64_t chunks_received_ = 0;
  std::uint64_t chunks_flipped_ = 0;
  bool hearing_early_ = false;  // an end that comes while the destination is prepared
  flow::Attendant attendant_;
  std::optional<wire::End> end_;
  bool abandoned_ = false;
};

}  // namespace mpiferry::roles

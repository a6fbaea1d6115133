// Rank 0: opens the source, invites the workers, sends the chunks, hears the answers, dismisses the
// workers, publishes the manifest.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "engine/base/buffer_pool.hpp"
#include "engine/disk/directory.hpp"
#include "engine/flow/conductor.hpp"
#include "engine/flow/sender.hpp"
#include "engine/mpi/mpi_context.hpp"
#include "engine/roles/control.hpp"
#include "engine/roles/crew.hpp"
#include "engine/roles/job_clock.hpp"
#include "engine/roles/observer.hpp"
#include "engine/roles/options.hpp"
#include "engine/roles/report.hpp"
#include "engine/roles/source_reader.hpp"
#include "engine/roles/task.hpp"

namespace mpiferry::roles {

// A source that makes more than kMaxChunks chunks.
Failure too_many_chunks(const Options& options);

class Master {
 public:
  Master(mpi::MpiContext& context, const mpi::Communicator& communicator, const Options& options,
         Observer& observer);
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;
  // Takes the mark of the running job away, also when an exception ends it.
  ~Master();

  // The whole job. Failures end up in the report.
  Task<> run();
  Report report() const;

 private:
  // master.cpp: the job's stages
  Task<Outcome> prepare();
  Task<Outcome> occupy();
  Task<Outcome> take_directory();
  void invite();
  void check_result();
  void dismiss();
  void publish();
  void stop();
  void fail(Failure failure);
  Failure placed(Failure failure) const;

  // master_transfer.cpp: chunks out
  struct ChunkSent {
    Master* self;
    Rank to;
    ChunkIndex chunk;
    Bytes length;
    void operator()(const mpi::ErrorCode& error, mpi::Completion completion) const;
  };
  struct Retained {
    ChunkIndex chunk;
    Bytes length;
    Lease lease;
  };
  struct SourceReadable {
    Master* self;
    void operator()(const boost::system::error_code& error) const;
  };
  enum class Turn : std::uint8_t { more, blocked, done };
  Task<> transfer();
  Turn take_turn();
  bool advance(const flow::Action& action);
  void read_on();
  void send_chunk(const flow::Send& send, Bytes length, std::uint64_t digest, Lease lease);
  void resend_retained(const flow::Send& send);
  void drop_retained(ChunkIndex chunk);

  // master_answers.cpp: answers in, and what happens when they do not come
  Task<> listen(std::size_t listener);
  void hear(const mpi::Completion& completion);
  void refuse(Rank from, Failure failure);
  void hear_acks(Rank from, std::span<const std::byte> payload);
  void hear_ack(Rank from, const wire::Ack& ack);
  Task<> watch();
  void tick();
  Failure silence(Rank worker, std::string detail) const;

  static constexpr std::chrono::milliseconds kTick{100};

  boost::asio::io_context& io_;
  mpi::MpiContext& context_;
  const mpi::Communicator& communicator_;
  const Options& options_;
  Observer& observer_;
  const std::string host_;
  const std::uint64_t job_id_;
  const std::string token_;

  Crew crew_;
  ControlSender control_;
  BufferPool chunk_pool_;
  std::optional<disk::Directory> directory_;
  bool holds_token_ = false;
  bool clearing_ = false;
  std::optional<SourceReader> reader_;
  std::optional<flow::Send> reading_;  // the chunk that the reader works on
  bool source_blocked_ = false;
  std::optional<std::uint64_t> chunks_;
  std::vector<Retained> retained_;  // streams: sent, not acknowledged
  std::optional<flow::Sender> sender_;

  Event changed_;
  std::vector<mpi::Operation> listening_;
  boost::asio::steady_timer tick_timer_;
  boost::asio::signal_set signals_;
  JobClock clock_;
  disk::Descriptor token_lock_;
  flow::Conductor conductor_;
  std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point transfer_began_;
  std::chrono::nanoseconds transfer_time_{};
};

}  // namespace mpiferry::roles

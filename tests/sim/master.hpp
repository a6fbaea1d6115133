// The simulated rank 0: engine/job and engine/operations/scatter around the real MasterFsm and
// Sender, with events in place of coroutines.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/job/job_clock.hpp"
#include "engine/protocol/held_chunks.hpp"
#include "engine/protocol/master_fsm.hpp"
#include "engine/protocol/sender.hpp"
#include "tests/sim/buffer.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/reader.hpp"
#include "tests/sim/setting.hpp"
#include "tests/sim/source.hpp"

namespace mpiferry::sim {

class Master {
 public:
  // How often it looks at its clock.
  static constexpr Duration kTick = std::chrono::milliseconds{100};

  Master(const Setting& setting, Disk& disk, Source& source, Random random);
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;

  void start();
  void interrupt();  // SIGINT

  // run() has returned, and so has its io_context: nothing is under way, or is waited for.
  bool done() const { return stopped_ && (abandoned() || setting_.network.sending(kMaster) == 0); }
  // Some worker is out of reach: MPI_Abort.
  bool abandoned() const noexcept { return fsm_.abandoned(); }
  Errc verdict() const noexcept { return fsm_.verdict(); }

  const std::optional<protocol::Sender>& sender() const noexcept { return sender_; }
  const Pool& chunk_pool() const noexcept { return chunk_pool_; }
  // From the first chunk read to the last one acknowledged.
  Duration transfer_time() const noexcept { return transfer_time_; }
  std::uint64_t messages_heard() const noexcept { return messages_heard_; }

 private:
  struct Retained {
    ChunkIndex chunk;
    Buffer* buffer = nullptr;
  };

  // master.cpp: the job's stages
  void wake();
  void run();
  void prepare();
  void send_job();
  void finish_transfer();
  void send_end();
  void publish();
  void stop();
  void fail(Failure failure);
  void release();
  template <class Message>
  void tell(Rank to, wire::Tag tag, wire::Kind kind, const Message& message);
  protocol::Time now() const { return clock_.now(); }

  // master_transfer.cpp: chunks out
  enum class Turn : std::uint8_t { more, blocked, done };
  void begin_transfer();
  Turn take_turn();
  bool advance(const protocol::Action& action);
  void read_on();
  bool keep_chunk(const protocol::Send& send, Buffer& buffer);
  void send_chunk(const protocol::Send& send, Buffer& buffer);
  void on_sent(Rank to, ChunkIndex chunk, Buffer& buffer, bool sent);
  void resend_retained(const protocol::Send& send);
  void drop_retained(ChunkIndex chunk);

  // master_answers.cpp: answers in, and what happens when they do not come
  void listen(std::size_t listener);
  void hear(Rank from, std::span<const std::byte> bytes);
  void refuse(Rank from, Failure failure);
  void hear_acks(Rank from, std::span<const std::byte> payload);
  void hear_ack(Rank from, const wire::Ack& ack);
  void watch();
  void tick();
  void give_signs_of_life();

  static constexpr std::uint64_t kJobId = 0x5eed;

  Setting setting_;
  Disk& disk_;
  Random random_;
  Reader reader_;
  Pool control_;
  Pool chunk_pool_;
  std::optional<protocol::Send> reading_;  // the chunk that the reader works on
  bool source_blocked_ = false;
  std::optional<std::uint64_t> chunks_;
  std::vector<Retained> retained_;  // streams: sent, not acknowledged
  std::optional<protocol::HeldChunks> held_chunks_;
  std::optional<protocol::Sender> sender_;
  struct Listener {
    Buffer* buffer = nullptr;
    Network::ReceiveId receive = 0;
  };
  std::vector<Listener> listening_;
  WorldClock world_clock_;
  job::JobClock clock_;
  protocol::MasterFsm fsm_;
  Time last_sign_;
  std::vector<bool> sign_under_way_;  // by rank
  bool awake_ = false;                // run() is posted
  bool preparing_ = false;
  bool transferring_ = false;
  bool stopped_ = false;  // it is over, and has said so
  Time transfer_began_;
  Duration transfer_time_{};
  std::uint64_t messages_heard_ = 0;
  bool interrupted_ = false;
};

}  // namespace mpiferry::sim

// A simulated worker: engine/job and engine/operations/scatter around the real WorkerFsm and
// Receiver, with events in place of coroutines.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/job/job_clock.hpp"
#include "engine/protocol/master_deadline.hpp"
#include "engine/protocol/receiver.hpp"
#include "engine/protocol/worker_fsm.hpp"
#include "engine/wire/job.hpp"
#include "tests/sim/ack_sender.hpp"
#include "tests/sim/buffer.hpp"
#include "tests/sim/committer.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/setting.hpp"
#include "tests/sim/stocktaking.hpp"

namespace mpiferry::sim {

class Worker {
 public:
  Worker(const Setting& setting, Rank self, Disk& disk, Random random);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start();
  void interrupt();  // SIGINT

  // run() has returned, and so has its io_context: nothing is under way.
  bool done() const { return fsm_.over() && setting_.network.sending(self_) == 0; }
  bool heard_end() const noexcept { return fsm_.ended(); }
  // It has said its last word.
  bool closed() const noexcept { return closed_; }
  std::optional<Errc> verdict() const noexcept { return fsm_.verdict(); }

 private:
  struct ReceiveSlot {  // one posted receive, and the chunk in it on its way to the disk
    Buffer* buffer = nullptr;
    Network::ReceiveId receive = 0;
    wire::Header header;
    std::size_t written = 0;  // of the payload
    Disk::Part part;
  };

  // worker.cpp: the job's stages
  void follow_master();
  std::optional<Failure> take_word(Buffer& buffer);
  void watch();
  void give_up();
  void receive_orders();
  void hear_orders(Buffer& buffer);
  void take_job(std::span<const std::byte> payload);
  void prepare();
  void hear_early(Buffer& buffer, const Arrival& arrival);
  void on_prepared(Errc error);
  void open_slots();
  void take_end(std::span<const std::byte> payload);
  void look();
  DiskError publish();
  void close();
  void fail(Failure failure);
  void tell_failure();
  template <class Message>
  void tell(wire::Kind kind, const Message& message);
  void block(Duration length, World::Action then);

  // worker_lane.cpp: one posted receive and what becomes of it
  void post_receive(std::size_t slot);
  void on_message(std::size_t slot, const Arrival& arrival);
  void next(std::size_t slot, std::optional<wire::Ack> answer = {});
  void close_slot(std::size_t slot);
  void write(std::size_t slot);
  void write_slice(std::size_t slot);
  void on_written(std::size_t slot, const DiskError& error);

  Setting setting_;
  Rank self_;
  Disk& disk_;
  Random random_;
  Pool control_;
  std::uint64_t job_id_ = 0;
  std::optional<wire::Job> job_;
  std::optional<Pool> chunk_pool_;
  std::optional<protocol::Receiver> receiver_;
  std::optional<AckSender> acks_;
  std::optional<Committer> committer_;
  std::optional<Stocktaking> stocktaking_;
  std::vector<ReceiveSlot> receive_slots_;
  std::size_t open_slots_ = 0;
  protocol::WorkerFsm fsm_;
  WorldClock world_clock_;
  job::JobClock clock_;
  protocol::MasterDeadline deadline_;
  std::optional<wire::End> end_;
  bool preparing_ = false;
  bool hearing_early_ = false;
  std::optional<Errc> prepared_;
  Network::ReceiveId early_ = 0;
  bool unwritable_ = false;  // a chunk could not be written
  bool interrupted_ = false;
  bool closing_ = false;
  bool closed_ = false;
};

}  // namespace mpiferry::sim

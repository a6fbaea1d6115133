// A worker's duty when chunks are brought back: say which it sees, read those that it is asked for.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "engine/base/buffer_pool.hpp"
#include "engine/roles/chunk_reader.hpp"
#include "engine/roles/duty.hpp"
#include "engine/roles/fault_player.hpp"
#include "engine/roles/heartbeat.hpp"
#include "engine/wire/retrieval.hpp"

namespace mpiferry::roles {

class RetrievalWorker final : public Duty {
 public:
  RetrievalWorker(const Post& post, wire::RetrievalJob job);
  // bad_field if the message is no job.
  static Result<std::unique_ptr<Duty>> take(const Post& post, const Message& message);

  Task<Outcome> prepare() override;
  void start() override;
  void end() override;
  const std::string& master_host() const override { return job_.host; }
  std::chrono::milliseconds stall_timeout() const override { return job_.stall_timeout; }
  bool receiving() const override { return open_receives_ > 0; }
  // The master listens until everyone has closed: a chunk on its way after that would never arrive.
  bool answering() const override {
    return serving_ || messages_.in_use() > 0 || (chunks_ && chunks_->in_use() > 0);
  }
  Task<Outcome> publish(const wire::End& end) override;
  wire::Closed closed() const override;
  void add_to(Report& report) const override;

 private:
  struct Sent {
    RetrievalWorker* self;
    void operator()(const mpi::ErrorCode& error, mpi::Completion completion) const;
  };
  Task<> receive(std::size_t index);
  void take_requests(std::span<const std::byte> payload);
  Task<> serve();
  Task<> answer(wire::ReadRequest request, std::optional<Lease> lease);
  Task<> pause();
  Task<std::optional<Lease>> acquire(BufferPool& pool);
  void deliver(const wire::ReadRequest& request, const wire::ReadReply& reply, Lease lease);
  void tell(const wire::ReadReply& reply);
  void flush();
  void send(wire::Header header, Lease lease);

  const Post& post_;
  const wire::RetrievalJob job_;
  ChunkReader chunk_reader_;
  Heartbeat heartbeat_;
  BufferPool orders_;    // requests, the end
  BufferPool messages_;  // holdings, findings
  std::optional<BufferPool> chunks_;
  std::vector<std::byte> scratch_;  // where only digests are wanted
  std::vector<mpi::Operation> receives_;
  std::size_t open_receives_ = 0;
  bool serving_ = false;
  std::deque<wire::ReadRequest> requests_;
  std::vector<wire::ReadReply> found_;  // to be sent together
  std::uint64_t chunks_read_ = 0;
  Bytes bytes_read_;
  FaultPlayer faults_;
  Event woken_;                      // requests have come, or a buffer is free
  boost::asio::steady_timer pause_;  // until a slow disk has read
};

}  // namespace mpiferry::roles

// A worker's half when chunks are read back: says which it sees, reads those that it is asked for.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/buffer_pool.hpp"
#include "engine/job/worker_half.hpp"
#include "engine/operations/retrieval/chunk_reader.hpp"
#include "engine/operations/retrieval/reply_sender.hpp"
#include "engine/wire/retrieval.hpp"

namespace mpiferry::operations {

class RetrievalWorker final : public job::WorkerHalf {
 public:
  RetrievalWorker(const job::WorkerContext& context, wire::RetrievalJob job);
  // bad_field if the message is no job.
  static Result<std::unique_ptr<job::WorkerHalf>> make(const job::WorkerContext& context,
                                                       const job::Message& message);

  job::Task<Outcome> prepare() override;
  void start() override;
  void on_end() override;
  const std::string& master_host() const override { return job_.master.host; }
  std::chrono::milliseconds stall_timeout() const override { return job_.stall_timeout; }
  bool receiving() const override { return open_receives_ > 0; }
  // The master listens until everyone has closed: a chunk on its way after that would never arrive.
  bool answering() const override {
    return serving_ || replies_.in_flight() > 0 || (chunks_ && chunks_->in_use() > 0);
  }
  job::Task<Outcome> publish(const wire::End& end) override;
  wire::Closed closed_message() const override;

 private:
  job::Task<> receive(std::size_t index);
  void take_requests(std::span<const std::byte> payload);
  job::Task<> serve();
  job::Task<> answer(wire::ReadRequest request, std::optional<Lease> lease);
  job::Task<> pause();
  job::Task<std::optional<Lease>> acquire(BufferPool& pool);

  const job::WorkerContext& context_;
  const wire::RetrievalJob job_;
  ChunkReader chunk_reader_;
  BufferPool orders_;  // requests, the end
  job::Event woken_;   // requests have come, or a buffer is free
  ReplySender replies_;
  std::optional<BufferPool> chunks_;
  std::vector<std::byte> scratch_;  // where only digests are wanted
  std::vector<job::Operation> receives_;
  std::size_t open_receives_ = 0;
  bool serving_ = false;
  std::deque<wire::ReadRequest> requests_;
  std::uint64_t chunks_read_ = 0;
  Bytes bytes_read_;
  clock::Timer pause_;  // until a slow disk has read
};

}  // namespace mpiferry::operations

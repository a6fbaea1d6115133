// A worker's answers to read requests, on their way to the master.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/base/buffer_pool.hpp"
#include "engine/job/fault_player.hpp"
#include "engine/job/worker_half.hpp"
#include "engine/wire/retrieval.hpp"

namespace mpiferry::operations {

// Not thread-safe. What it refers to outlives it, and it outlives its messages.
class ReplySender {
 public:
  // `sent` is notified when a message has gone, and its buffer is free.
  ReplySender(const job::WorkerContext& context, const wire::RetrievalJob& job, job::Event& sent);

  // Where messages other than chunks are written.
  BufferPool& messages() noexcept { return messages_; }
  void send(wire::Header header, Lease lease);
  std::size_t in_flight() const noexcept { return messages_.in_use(); }

  // The chunk itself, `length` bytes in `lease`, is the answer.
  void deliver(const wire::ReadRequest& request, const wire::ReadReply& reply, Bytes length,
               Lease lease);
  // Replies share a message until flush(); but where chunks are wanted, a reply tells of a failure,
  // and each is a message, as each answer has its receive at the master.
  void reply(const wire::ReadReply& reply);
  // Sends what waits, as far as there are buffers; the rest goes when one is free.
  void flush();

 private:
  struct Sent {
    ReplySender* self;
    void operator()(const job::ErrorCode& error, job::Completion completion) const;
  };
  void on_sent(const job::Operation& operation);

  const job::WorkerContext& context_;
  const wire::RetrievalJob& job_;
  job::Event& sent_;
  job::FaultPlayer faults_;
  BufferPool messages_;
  std::vector<wire::ReadReply> waiting_;  // to be sent together
};

}  // namespace mpiferry::operations

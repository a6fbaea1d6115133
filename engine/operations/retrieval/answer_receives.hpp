// The receives that rank 0 posts for what it asks: each can take a chunk.
#pragma once

#include <cstddef>
#include <optional>

#include "engine/base/buffer_pool.hpp"
#include "engine/job/master_session.hpp"
#include "engine/operations/retrieval/memory_plan.hpp"

namespace mpiferry::operations {

// Not thread-safe. The session outlives it.
class AnswerReceives {
 public:
  AnswerReceives(job::MasterSession& session, const RetrievalMemory& memory)
      : session_(session), spare_(memory.spare), pool_(memory.buffer, memory.buffers + spare_) {}

  // As many as there are open requests, and some for the workers' other messages.
  void post(std::size_t open_requests) {
    if (session_.workers() == 0) return;
    while (session_.posted_receives() < open_requests + spare_) {
      session_.post_receive(*pool_.try_acquire());
    }
  }
  // No more need to be posted.
  bool suffice(std::size_t open_requests) const noexcept {
    return session_.posted_receives() >= open_requests + spare_;
  }

  BufferPool& pool() noexcept { return pool_; }
  std::size_t peak() const noexcept { return pool_.peak(); }

 private:
  job::MasterSession& session_;
  std::size_t spare_;
  BufferPool pool_;
};

}  // namespace mpiferry::operations

// A worker's sign of life where the job's beginning or its end takes its time: very many files are
// looked through or removed, large stripes are read back.
#pragma once

#include <chrono>
#include <optional>

#include "engine/base/buffer_pool.hpp"
#include "engine/mpi/mpi_context.hpp"
#include "engine/roles/duty.hpp"

namespace mpiferry::roles {

// Not thread-safe. Must outlive the message that it has sent last.
class Heartbeat {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Heartbeat(const Post& post) : post_(post), last_(Clock::now()) {}

  // Tells the master, at most ten times a second, and not while the last message is under way: a
  // master that does not listen gets no heap of them.
  void beat(Clock::time_point now = Clock::now());

 private:
  struct Sent {
    Heartbeat* self;
    void operator()(const mpi::ErrorCode& error, mpi::Completion completion) const;
  };

  const Post& post_;
  std::optional<BufferPool> message_;  // few workers ever send one
  Clock::time_point last_;
};

}  // namespace mpiferry::roles

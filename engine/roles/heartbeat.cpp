#include "engine/roles/heartbeat.hpp"

#include <utility>

namespace mpiferry::roles {
namespace {

// A --stall-timeout may be well below a second.
constexpr std::chrono::milliseconds kInterval{100};

}  // namespace

void Heartbeat::beat(Clock::time_point now) {
  if (now < last_ + kInterval) return;
  if (!message_) message_.emplace(1_B, 1);
  auto lease = message_->try_acquire();
  if (!lease) return;
  last_ = now;
  const mpi::Operation operation =
      send_sealed(post_.context, post_.communicator,
                  {.kind = wire::Kind::busy, .job_id = post_.job_id, .length = 0_B},
                  std::move(*lease), kMaster, wire::Tag::status);
  mpi::async_wait(post_.context, operation, Sent{this});
}

void Heartbeat::Sent::operator()(const mpi::ErrorCode& error, mpi::Completion completion) const {
  if (error) self->post_.fail(completion.failure(error));
  completion.lease.reset();
}

}  // namespace mpiferry::roles

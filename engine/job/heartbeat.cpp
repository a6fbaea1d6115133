#include "engine/job/heartbeat.hpp"

#include <utility>

#include "engine/protocol/master_deadline.hpp"

namespace mpiferry::job {
namespace {

// A --stall-timeout may be well below a second.
constexpr std::chrono::milliseconds kWorkerInterval{100};

}  // namespace

MasterHeartbeat::MasterHeartbeat(Transport& transport, std::uint64_t job_id,
                                 clock::Duration stall_timeout, Event& changed, OnError on_error)
    : notices_(transport, transport.size(), changed, std::move(on_error)),
      ranks_(transport.size()),
      job_id_(job_id),
      interval_(protocol::sign_of_life_interval(stall_timeout)) {}

void MasterHeartbeat::beat(clock::Time now) {
  if (!last_) last_ = now;
  if (now < *last_ + interval_) return;
  last_ = now;
  for (int rank = 1; rank < ranks_; ++rank) notices_.send(Rank{rank}, wire::Kind::alive, job_id_);
}

WorkerHeartbeat::WorkerHeartbeat(Transport& transport, const clock::Clock& clock, Event& changed,
                                 OnError on_error)
    : notices_(transport, 1, changed, std::move(on_error)), clock_(clock), last_(clock.now()) {}

void WorkerHeartbeat::beat(std::uint64_t job_id) {
  const clock::Time now = clock_.now();
  if (now < last_ + kWorkerInterval) return;
  if (notices_.send(kMaster, wire::Kind::busy, job_id)) last_ = now;
}

}  // namespace mpiferry::job

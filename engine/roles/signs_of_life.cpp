#include "engine/roles/signs_of_life.hpp"

#include <utility>

#include "engine/protocol/master_deadline.hpp"
#include "engine/roles/control.hpp"

namespace mpiferry::roles {

SignsOfLife::SignsOfLife(mpi::MpiContext& context, const mpi::Communicator& communicator,
                         std::uint64_t job_id, protocol::Duration stall_timeout, OnError on_error)
    : context_(context),
      communicator_(communicator),
      job_id_(job_id),
      interval_(protocol::sign_of_life_interval(stall_timeout)),
      on_error_(std::move(on_error)) {}

void SignsOfLife::give(protocol::Time now) {
  if (!last_) last_ = now;
  if (now < *last_ + interval_) return;
  last_ = now;
  const auto ranks = static_cast<std::size_t>(communicator_.size());
  if (!messages_) {
    messages_.emplace(1_B, ranks);
    under_way_.resize(ranks);
  }
  for (std::size_t rank = 1; rank < ranks; ++rank) {
    if (under_way_[rank]) continue;
    auto lease = messages_->try_acquire();
    if (!lease) return;
    const Rank to{static_cast<int>(rank)};
    under_way_[rank] = true;
    const mpi::Operation operation = send_sealed(
        context_, communicator_, {.kind = wire::Kind::alive, .job_id = job_id_, .length = 0_B},
        std::move(*lease), to, wire::Tag::status);
    mpi::async_wait(context_, operation, Sent{this, to});
  }
}

void SignsOfLife::Sent::operator()(const mpi::ErrorCode& error, mpi::Completion completion) const {
  self->under_way_[static_cast<std::size_t>(to.value)] = false;
  if (error) self->on_error_(completion.failure(error));
  completion.lease.reset();
}

}  // namespace mpiferry::roles

#include "engine/job/posted_receives.hpp"

#include <utility>

namespace mpiferry::job {

PostedReceives::PostedReceives(Transport& transport, OnCompletion on_completion)
    : transport_(transport), on_completion_(std::move(on_completion)) {}

void PostedReceives::post(Lease lease) {
  if (closed_) return;
  if (idle_.empty()) {
    idle_.push_back(operations_.size());
    operations_.emplace_back();
  }
  const std::size_t index = idle_.back();
  idle_.pop_back();
  operations_[index] = transport_.irecv(std::move(lease), transport::kAnyRank, kStatusTag);
  async_wait(transport_, operations_[index], Received{this, index});
}

void PostedReceives::close() {
  closed_ = true;
  for (const Operation& operation : operations_) transport_.cancel(operation);
}

void PostedReceives::Received::operator()(const ErrorCode& error, Completion completion) const {
  self->idle_.push_back(index);
  self->on_completion_(error, completion);
  if (!error && completion.lease) self->post(std::move(completion.lease));
}

}  // namespace mpiferry::job

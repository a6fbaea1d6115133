#include "engine/operations/retrieval/read_requests.hpp"

#include <algorithm>
#include <utility>

namespace mpiferry::operations {

void ReadRequests::set_window(std::uint32_t window) {
  pool_.emplace(Bytes{std::uint64_t{window} * wire::kReadRequestSize},
                std::size_t{2} * std::max<std::uint32_t>(1, session_.workers()));
}

void ReadRequests::add(Rank to, const wire::ReadRequest& request) {
  auto& requests = requests_[static_cast<std::size_t>(to.value)];
  if (requests.empty()) asked_.push_back(to);
  requests.push_back(request);
}

void ReadRequests::send() {
  while (!asked_.empty()) {
    auto lease = pool_->try_acquire();
    if (!lease) return;  // Sent wakes the next turn
    const Rank to = asked_.back();
    asked_.pop_back();
    send(to, std::move(*lease));
  }
}

void ReadRequests::send(Rank to, Lease lease) {
  auto& requests = requests_[static_cast<std::size_t>(to.value)];
  std::span<std::byte> out = lease.payload();
  for (const wire::ReadRequest& request : requests) {
    wire::encode(request, out.first<wire::kReadRequestSize>());
    out = out.subspan(wire::kReadRequestSize);
  }
  const std::size_t length = requests.size() * wire::kReadRequestSize;
  requests.clear();
  transport::Transport& transport = session_.environment().transport;
  const job::Operation operation = job::send_sealed(
      transport,
      {.kind = wire::Kind::read_requests, .job_id = session_.job_id(), .length = {length}},
      std::move(lease), to, wire::Tag::data);
  async_wait(transport, operation, Sent{this});
}

void ReadRequests::Sent::operator()(const job::ErrorCode& error, job::Completion completion) const {
  if (error) return self->session_.fail(completion.failure(error));
  completion.lease.reset();
  self->session_.changed().notify();
}

}  // namespace mpiferry::operations

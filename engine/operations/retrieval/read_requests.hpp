// The master's requests on their way: those to one rank share a message.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/buffer_pool.hpp"
#include "engine/job/control.hpp"
#include "engine/job/master_session.hpp"
#include "engine/wire/retrieval.hpp"

namespace mpiferry::operations {

// Not thread-safe. Must outlive what it sends; the session outlives it.
class ReadRequests {
 public:
  explicit ReadRequests(job::MasterSession& session)
      : session_(session), requests_(session.workers() + 1) {}

  // At most so many to one rank are unanswered at a time. Once, before the first send().
  void set_window(std::uint32_t window);

  void add(Rank to, const wire::ReadRequest& request);
  // Sends what was added, as far as there are buffers; the session's changed() is notified when
  // there are again.
  void send();
  bool empty() const noexcept { return asked_.empty(); }

 private:
  struct Sent {
    ReadRequests* self;
    void operator()(const job::ErrorCode& error, job::Completion completion) const;
  };
  void send(Rank to, Lease lease);

  job::MasterSession& session_;
  std::vector<std::vector<wire::ReadRequest>> requests_;  // by rank
  std::vector<Rank> asked_;                               // with requests to be sent
  std::optional<BufferPool> pool_;
};

}  // namespace mpiferry::operations

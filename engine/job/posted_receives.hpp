// Receives for the next message of any worker, as many as are posted.
#pragma once

#include <functional>
#include <vector>

#include "engine/job/control.hpp"

namespace mpiferry::job {

// Not thread-safe. Must outlive what it has posted.
class PostedReceives {
 public:
  // Takes a completion; without an error, what it leaves of the lease is received into again. One
  // that close() has ended comes with operation_aborted.
  using OnCompletion = std::function<void(const ErrorCode&, Completion&)>;

  PostedReceives(Transport& transport, OnCompletion on_completion);

  void post(Lease lease);
  // How many are posted.
  std::size_t posted() const noexcept { return operations_.size() - idle_.size(); }
  // No more are posted from now on; those that are come back with operation_aborted.
  void close();

 private:
  struct Received {
    PostedReceives* self;
    std::size_t index;
    void operator()(const ErrorCode& error, Completion completion) const;
  };

  Transport& transport_;
  OnCompletion on_completion_;
  std::vector<Operation> operations_;
  std::vector<std::size_t> idle_;  // of operations_: those without a receive
  bool closed_ = false;
};

}  // namespace mpiferry::job

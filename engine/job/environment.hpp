// What one rank of a job works with.
#pragma once

#include <string>

#include "engine/base/units.hpp"
#include "engine/clock/clock.hpp"
#include "engine/storage/storage.hpp"
#include "engine/threads/threads.hpp"
#include "engine/transport/transport.hpp"

namespace mpiferry::job {

// The seams outlive the job.
struct Environment {
  transport::Transport& transport;
  clock::Clock& clock;
  threads::Threads& threads;
  storage::Storage& storage;
  std::string host;     // the name that messages use
  std::string machine;  // base/machine.hpp

  boost::asio::io_context& io() const noexcept { return transport.io(); }
  Rank self() const noexcept { return transport.rank(); }
  std::uint32_t workers() const noexcept {
    return static_cast<std::uint32_t>(transport.size()) - 1;
  }
};

// How a rank takes part in a job, whatever the operation.
struct SessionOptions {
  std::chrono::milliseconds stall_timeout{60'000};  // how long another may be silent; 0: for ever
  std::string build = {};                           // of the program; "": not known
  // SIGINT and SIGTERM end the job in order. For programs that end with the job: the signals are
  // swallowed from then on.
  bool handle_signals = false;
};

}  // namespace mpiferry::job

// Ctrl-C between two jobs: scatter_on() listens to signals only while it runs.
#pragma once

#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "engine/base/failure.hpp"

namespace mpiferry::cli {

// Once constructed, SIGINT, SIGTERM and SIGHUP do not kill the process but are noted, also during a
// job.
class Interruption {
 public:
  Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption() = default;

  // The first signal, if there was one.
  const std::optional<Failure>& seen();

 private:
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_{io_};
  std::optional<Failure> failure_;
};

}  // namespace mpiferry::cli

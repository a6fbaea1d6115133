// Ctrl-C between two jobs: run() hears signals only while it runs.
#pragma once

#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "engine/base/failure.hpp"

namespace mpiferry::cli {

// From its construction on SIGINT, SIGTERM and SIGHUP kill no more; they are noted, those that come
// during a run() included.
class Interruption {
 public:
  Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption() = default;

  // Looks whether there was one. The same as before once there was.
  const std::optional<Failure>& seen();

 private:
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_{io_};
  std::optional<Failure> failure_;
};

}  // namespace mpiferry::cli

// SIGINT and SIGTERM as failures.
#pragma once

#include <functional>

#include <boost/asio/signal_set.hpp>

#include "engine/base/failure.hpp"

namespace mpiferry::roles {

// Until `signals` is cancelled, calls `on_signal` for the first SIGINT or SIGTERM; further ones are
// swallowed, as ending in order takes its moment.
void catch_signals(boost::asio::signal_set& signals, std::function<void(Failure)> on_signal);

}  // namespace mpiferry::roles

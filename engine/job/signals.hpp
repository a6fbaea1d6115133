// SIGINT, SIGTERM and SIGHUP as failures.
#pragma once

#include <functional>

#include <boost/asio/signal_set.hpp>

#include "engine/base/failure.hpp"

namespace mpiferry::job {

// Those that the process ignores already (nohup, a background job of a script) stay ignored. Until
// `signals` is cancelled, calls `on_signal` for the first of the others; further ones are
// swallowed, as ending in order takes its moment. They stay swallowed after that, for as long as
// the process lives: ranks hear of a Ctrl-C one after the other, and one that the master has
// sent the end by then must not die of it before MPI_Finalize, which would take the other ranks
// along.
void catch_signals(boost::asio::signal_set& signals, std::function<void(Failure)> on_signal);

}  // namespace mpiferry::job

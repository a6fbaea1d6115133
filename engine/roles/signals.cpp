#include "engine/roles/signals.hpp"

#include <csignal>
#include <utility>

namespace mpiferry::roles {

void catch_signals(boost::asio::signal_set& signals, std::function<void(Failure)> on_signal) {
  signals.add(SIGINT);
  signals.add(SIGTERM);
  signals.async_wait(
      [on_signal = std::move(on_signal)](const boost::system::error_code& error, int number) {
        if (error) return;
        on_signal({.code = Errc::interrupted,
                   .detail = number == SIGINT ? "interrupted (SIGINT)" : "interrupted (SIGTERM)"});
      });
}

}  // namespace mpiferry::roles

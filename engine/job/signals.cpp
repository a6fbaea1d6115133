#include "engine/job/signals.hpp"

#include <csignal>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>

namespace mpiferry::job {
namespace {

bool is_ignored(int number) {
  struct sigaction action {};
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

void add_unless_ignored(boost::asio::signal_set& signals) {
  // SIGHUP: a lost terminal.
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    if (!is_ignored(number)) signals.add(number);
  }
}

// With the last signal_set that has it, Asio gives a signal back to its default action, which
// kills. This set goes after main(), when MPI has been finalized; nobody waits for it.
void keep_from_killing() {
  static boost::asio::io_context io{1};
  static boost::asio::signal_set kept{io};
  static const bool once = (add_unless_ignored(kept), true);
  static_cast<void>(once);
}

const char* name_of(int number) {
  if (number == SIGINT) return "SIGINT";
  return number == SIGTERM ? "SIGTERM" : "SIGHUP";
}

}  // namespace

void catch_signals(boost::asio::signal_set& signals, std::function<void(Failure)> on_signal) {
  keep_from_killing();
  add_unless_ignored(signals);
  signals.async_wait(
      [on_signal = std::move(on_signal)](const boost::system::error_code& error, int number) {
        if (error) return;
        on_signal({.code = Errc::interrupted,
                   .detail = std::string{"interrupted ("} + name_of(number) + ")"});
      });
}

}  // namespace mpiferry::job

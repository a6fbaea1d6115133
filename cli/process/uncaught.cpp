#include "cli/process/uncaught.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <new>
#include <string>
#include <system_error>

#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include "cli/process/exit_code.hpp"
#include "cli/process/finish.hpp"
#include "cli/process/message.hpp"
#include "engine/base/failure.hpp"
#include "engine/disk/destination_failure.hpp"
#include "engine/mpi/environment.hpp"
#include "engine/mpi/error.hpp"

namespace mpiferry::cli {
namespace {

std::string exception_text(const Launcher& launcher, const char* what) {
  return error_line(fmt::format("rank {}: {}", launcher.rank, what));
}

// Returns the exit code.
int report_mpi_error(const Launcher& launcher, Failure failure) {
  wait_for_turn(Rank{launcher.rank});  // a connection that is lost has two ends
  if (failure.rank == kNoRank) failure.rank = Rank{launcher.rank};
  print(stderr, error_text(failure));
  return exit_code(failure.code);
}

// `code`: errno. Returns the exit code.
int report_system_error(const Launcher& launcher, const char* what, int code) {
  constexpr auto kOfLimits = std::to_array({EAGAIN, EMFILE, ENFILE, ENOMEM});
  std::string text = exception_text(launcher, what);
  if (std::ranges::find(kOfLimits, code) == kOfLimits.end()) {
    print(stderr, text);
    return exit_code(ErrorClass::internal);
  }
  // A lack of descriptors or threads hits all ranks of a host alike.
  text += "  hint: a limit of processes or descriptors (ulimit -u, -n) may be too low\n";
  launcher.report_once([&] { print(stderr, text); });
  return exit_code(disk::is_limit_of_open_files(code) ? ErrorClass::usage : ErrorClass::internal);
}

int report_exception(const Launcher& launcher) {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    print(stderr, exception_text(launcher,
                                 "memory is exhausted\n  hint: use smaller windows or chunks, "
                                 "or lower --memory"));
  } catch (const mpi::CallFailed& error) {
    return report_mpi_error(launcher, error.failure());
  } catch (const std::system_error& error) {
    return report_system_error(launcher, error.what(), error.code().value());
  } catch (const boost::system::system_error& error) {
    return report_system_error(launcher, error.what(), error.code().value());
  } catch (const std::exception& error) {
    print(stderr, exception_text(launcher, error.what()));
  }
  return exit_code(ErrorClass::internal);
}

}  // namespace

void abort_after_exception(const Launcher& launcher) {
  mpi::Environment::abort(report_exception(launcher));
}

}  // namespace mpiferry::cli

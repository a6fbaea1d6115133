#include "cli/commands/bench.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/process/exit_code.hpp"
#include "cli/process/message.hpp"

namespace mpiferry::cli {
namespace {

namespace fs = std::filesystem;

bool asks_for_help(std::string_view word) noexcept {
  return word == "help" || word == "--help" || word == "-h";
}

// Returns the exit code.
int report_error(ErrorClass error_class, const std::string& text) {
  print(stderr, error_line(text));
  return exit_code(error_class);
}

int refuse_launcher(const Launcher& launcher) {
  launcher.report_once([&launcher] {
    report_error(
        ErrorClass::usage,
        fmt::format("bench was started by {}, but it starts its jobs itself\n"
                    "  hint: start it alone, as mpiferry bench; --launcher says what is to "
                    "start the ranks",
                    launcher.name));
  });
  return exit_code(ErrorClass::usage);
}

// Replaces this program. Returns an exit code only if that fails.
int run_python(std::string script, const char* const* argv) {
  std::signal(SIGUSR1, SIG_IGN);  // what batch systems send some time before the end
  // set_up_process() ignores these two, and the new program would inherit that.
  std::signal(SIGPIPE, SIG_DFL);
  std::signal(SIGXFSZ, SIG_DFL);
  std::string python = "python3";
  std::string help = "--help";
  std::vector<char*> words{python.data(), script.data()};
  const bool helps = asks_for_help(argv[1]);
  if (helps) words.push_back(help.data());
  for (const char* const* word = argv + (helps ? 3 : 2); *word != nullptr; ++word) {
    words.push_back(const_cast<char*>(*word));  // NOLINT(*-const-cast): execvp() changes none
  }
  words.push_back(nullptr);
  ::execvp(python.c_str(), words.data());
  return report_error(ErrorClass::usage,
                      fmt::format("python3: execvp: {}\n  hint: bench needs Python 3.9 or newer as "
                                  "python3 on the PATH",
                                  std::generic_category().message(errno)));
}

}  // namespace

bool asks_for_bench(int argc, const char* const* argv) noexcept {
  const std::string_view first = argc > 1 ? argv[1] : "";
  return first == "bench" ||
         (argc > 2 && asks_for_help(first) && argv[2] == std::string_view{"bench"});
}

int bench(const char* const* argv, const Launcher& launcher) {
  if (launcher.several()) return refuse_launcher(launcher);
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) {
    return report_error(ErrorClass::internal,
                        fmt::format("'/proc/self/exe': readlink: {}", error.message()));
  }
  std::string script =
      (program.parent_path() / ".." / "libexec" / "mpiferry" / "sweep").lexically_normal();
  if (!fs::exists(script, error)) {
    return report_error(
        ErrorClass::usage,
        fmt::format("'{}': no such file: bench is not installed beside this mpiferry\n"
                    "  hint: cmake --install puts it there",
                    script));
  }
  ::setenv("MPIFERRY_BENCH_PROGRAM", program.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  return run_python(std::move(script), argv);
}

}  // namespace mpiferry::cli

// Programs that the tests start: with arguments, environment, working directory, standard input, a
// time limit, and both outputs apart.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "tests/e2e/terminal.hpp"

namespace mpiferry::e2e {

using namespace std::chrono_literals;

struct Command {
  std::vector<std::string> words;  // the program is looked for in PATH
  std::vector<std::pair<std::string, std::string>> environment = {};  // added to the test's own
  std::filesystem::path directory = ".";
  std::filesystem::path input = "/dev/null";
  std::chrono::seconds limit = 60s;
  // If it is not 0, both outputs go to a terminal of so many columns, and Finished::out has what it
  // got.
  unsigned short columns = 0;
};

struct Finished {
  int exit_code = -1;  // 128 + N after signal N, as a shell says it
  bool timed_out = false;
  std::string out;
  std::string err;
  std::chrono::duration<double> time{};
  std::vector<std::string> left;  // processes of this command that outlived it, and were killed

  std::string output() const { return out + err; }
};

// A program that runs. Everything that descends from it is recognised by a variable in its
// environment, so that nothing is left behind and nothing else is touched. Not thread-safe.
class Process {
 public:
  explicit Process(Command command);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  void signal(int number) const;
  // Waits for the end, at most until the command's limit; then kills it with all its descendants.
  // Descendants have a moment to leave after it.
  Finished wait();
  // Its descendants that are mpiferry.
  std::vector<pid_t> ranks() const;
  std::string err() const;  // so far

 private:
  std::vector<pid_t> family() const;

  Command command_;
  std::string mark_;  // the variable with its value
  std::filesystem::path outputs_;
  std::optional<Terminal> terminal_;
  pid_t pid_ = -1;
  std::chrono::steady_clock::time_point began_;
};

Finished run(Command command);

// Looks at `condition` every few milliseconds; false if it does not come true within `patience`.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds patience = 10s);

// "$1" and so on are the arguments: nothing needs quoting.
Command shell(const std::string& script, std::vector<std::string> arguments);

void nap(std::chrono::milliseconds time);

template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    nap(5ms);
  }
  return true;
}

}  // namespace mpiferry::e2e

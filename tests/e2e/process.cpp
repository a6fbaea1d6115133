#include "tests/e2e/process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <spawn.h>
#include <stdexcept>
#include <string_view>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "tests/e2e/files.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = "FERRY_TEST_PROCESS";
// What may still be on its way out when its parent has gone.
constexpr auto kExitPatience = 2000ms;

void check(int error, const char* call) {
  if (error != 0) throw std::system_error{error, std::generic_category(), call};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment_of(const Command& command, const std::string& mark,
                                        const fs::path& nowhere) {
  std::vector<std::string> out{mark};
  for (const auto& [name, value] : command.environment) out.push_back(name + "=" + value);
  // The caller's own settings and profile must not decide what the tests see.
  const auto is_config = [](const auto& entry) { return entry.first == "XDG_CONFIG_HOME"; };
  if (std::ranges::none_of(command.environment, is_config)) {
    out.push_back("XDG_CONFIG_HOME=" + nowhere.string());
  }
  const std::size_t own = out.size();
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const auto same_name = [name = text.substr(0, text.find('='))](const std::string& mine) {
      return std::string_view{mine}.substr(0, mine.find('=')) == name;
    };
    if (text.starts_with("MPIFERRY_")) continue;
    if (std::none_of(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(own), same_name)) {
      out.emplace_back(text);
    }
  }
  return out;
}

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string name_of(pid_t pid) {
  std::string name = read_file(fs::path{"/proc"} / std::to_string(pid) / "comm");
  if (name.ends_with('\n')) name.pop_back();
  return name;
}

}  // namespace

void nap(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

Command shell(const std::string& script, std::vector<std::string> arguments) {
  Command command{{"sh", "-c", script, "sh"}};
  command.words.insert(command.words.end(), arguments.begin(), arguments.end());
  return command;
}

Process::Process(Command command) : command_(std::move(command)) {
  static int count = 0;
  const std::string id = std::to_string(::getpid()) + "." + std::to_string(++count);
  mark_ = std::string{kMark} + "=" + id + ".";
  outputs_ = make_temporary_directory();

  posix_spawn_file_actions_t actions;
  check(::posix_spawn_file_actions_init(&actions), "posix_spawn_file_actions_init");
  const int create = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOCTTY;
  ::posix_spawn_file_actions_addopen(&actions, 0, command_.input.c_str(), O_RDONLY, 0);
  if (command_.columns > 0) terminal_.emplace(command_.columns);
  const std::string out = terminal_ ? terminal_->name() : (outputs_ / "out").string();
  const std::string err = terminal_ ? terminal_->name() : (outputs_ / "err").string();
  ::posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), create, 0600);
  ::posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), create, 0600);
  ::posix_spawn_file_actions_addchdir_np(&actions, command_.directory.c_str());
  std::vector<std::string> environment = environment_of(command_, mark_, outputs_ / "no-profile");
  // What runs the tests may ignore some, as nohup does.
  sigset_t all;
  ::sigfillset(&all);
  posix_spawnattr_t attributes;
  check(::posix_spawnattr_init(&attributes), "posix_spawnattr_init");
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  began_ = std::chrono::steady_clock::now();
  const int error = ::posix_spawnp(&pid_, command_.words[0].c_str(), &actions, &attributes,
                                   pointers(command_.words).data(), pointers(environment).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  check(error, command_.words[0].c_str());
}

Process::~Process() {
  if (pid_ > 0) {
    command_.limit = 0s;
    wait();
  }
  std::error_code ignored;
  fs::remove_all(outputs_, ignored);
}

void Process::signal(int number) const { ::kill(pid_, number); }

std::string Process::err() const { return read_file(outputs_ / "err"); }

std::vector<pid_t> Process::family() const {
  std::vector<pid_t> out;
  const std::string mark = mark_ + '\0';
  for (const auto& entry : fs::directory_iterator{"/proc"}) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const pid_t pid = std::stoi(name);
    if (pid == pid_) continue;
    // An unreadable or empty environment is not ours, or that of a zombie that somebody else waits
    // for.
    const std::string environment = read_file(entry.path() / "environ");
    if (environment.starts_with(mark) || environment.find('\0' + mark) != std::string::npos) {
      out.push_back(pid);
    }
  }
  return out;
}

std::vector<pid_t> Process::ranks() const {
  std::vector<pid_t> out = family();
  std::erase_if(out, [](pid_t pid) { return name_of(pid) != "mpiferry"; });
  return out;
}

Finished Process::wait() {
  Finished finished;
  const auto deadline = began_ + command_.limit;
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      finished.timed_out = true;
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, &status, 0);
      break;
    }
    if (terminal_) terminal_->read();
    nap(2ms);
  }
  finished.exit_code = exit_code_of(status);
  finished.time = std::chrono::steady_clock::now() - began_;
  pid_ = -1;
  if (!finished.timed_out) eventually([this] { return family().empty(); }, kExitPatience);
  for (const pid_t pid : family()) {
    finished.left.push_back(name_of(pid) + " " + std::to_string(pid));
    ::kill(pid, SIGKILL);
  }
  finished.out = terminal_ ? terminal_->read() : read_file(outputs_ / "out");
  finished.err = read_file(outputs_ / "err");
  return finished;
}

Finished run(Command command) { return Process{std::move(command)}.wait(); }

}  // namespace mpiferry::e2e

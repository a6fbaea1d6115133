#include "engine/disk/job_owner.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/machine.hpp"
#include "engine/disk/descriptor.hpp"

namespace mpiferry::disk {
namespace {

constexpr std::string_view kBeforeBoot = ", boot ";
constexpr std::string_view kBeforeHost = ") on ";

std::string own_host() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

std::uint64_t own_pid_namespace() {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

// When the process began; 0 if there is none, or if /proc hides other users' (hidepid).
// /proc/PID/stat: "PID (name) state ...", of which the start is field 22. The name may hold
// anything.
std::uint64_t start_of(std::int64_t pid) {
  constexpr int kFieldsAfterName = 20;
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  std::array<char, 1024> text{};
  const ssize_t got = file ? ::read(file.get(), text.data(), text.size()) : -1;
  std::string_view rest{text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  const std::size_t name_end = rest.rfind(')');
  if (name_end == std::string_view::npos) return 0;
  for (int field = 0; field < kFieldsAfterName; ++field) {
    const std::size_t space = rest.find(' ', field == 0 ? name_end : 1);
    if (space == std::string_view::npos) return 0;
    rest.remove_prefix(space);
  }
  std::uint64_t start = 0;
  if (rest.size() > 1) std::from_chars(rest.data() + 1, rest.data() + rest.size(), start);
  return start;
}

// Takes `prefix` and a number behind it from the front of `text`.
template <class Number>
bool take(std::string_view& text, std::string_view prefix, Number& number) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  return true;
}

}  // namespace

JobOwner JobOwner::of_this_process(Rank rank) {
  const std::int64_t pid = ::getpid();
  return {.rank = rank,
          .pid = pid,
          .host = own_host(),
          .started = start_of(pid),
          .pid_namespace = own_pid_namespace(),
          .boot = boot_id()};
}

std::optional<JobOwner> JobOwner::in(std::string_view text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = text.substr(end + 1);
  line = line.substr(0, line.find('\n'));
  JobOwner owner;
  if (!take(line, "rank ", owner.rank.value) || !take(line, ", pid ", owner.pid) ||
      !take(line, " (started ", owner.started) ||
      !take(line, ", pid namespace ", owner.pid_namespace) || !line.starts_with(kBeforeBoot)) {
    return std::nullopt;
  }
  line.remove_prefix(kBeforeBoot.size());
  const std::size_t boot_end = line.find(kBeforeHost);
  if (boot_end == std::string_view::npos) return std::nullopt;
  owner.boot = line.substr(0, boot_end);
  owner.host = line.substr(boot_end + kBeforeHost.size());
  return owner.host.empty() ? std::nullopt : std::optional{std::move(owner)};
}

std::string JobOwner::line() const {
  return "rank " + std::to_string(rank.value) + ", pid " + std::to_string(pid) + " (started " +
         std::to_string(started) + ", pid namespace " + std::to_string(pid_namespace) +
         std::string{kBeforeBoot} + boot + std::string{kBeforeHost} + host;
}

std::optional<bool> JobOwner::runs() const {
  if (host != own_host() || boot != boot_id() || pid_namespace != own_pid_namespace()) {
    return std::nullopt;
  }
  const std::uint64_t start = start_of(pid);
  if (start != 0 && started != 0) return start == started;
  if (::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH) return false;
  return std::nullopt;
}

std::string JobOwner::description() const {
  std::string text =
      "rank " + std::to_string(rank.value) + ", pid " + std::to_string(pid) + " on " + host;
  if (const auto alive = runs()) text += *alive ? ", which still runs" : ", which no longer runs";
  return text;
}

std::string job_lock_text(std::string_view job, const JobOwner& owner) {
  return std::string{job} + "\n" + owner.line() + "\n";
}

std::string_view job_of(std::string_view text) noexcept { return text.substr(0, text.find('\n')); }

}  // namespace mpiferry::disk

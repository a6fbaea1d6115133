#include "engine/disk/job_owner.hpp"

#include <charconv>

namespace mpiferry::disk {
namespace {

constexpr std::string_view kBeforeBoot = ", boot ";
constexpr std::string_view kBeforeHost = ") on ";

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

std::optional<JobOwner> JobOwner::in(std::string_view text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = text.substr(end + 1);
  line = line.substr(0, line.find('\n'));
  JobOwner owner;
  if (!take(line, "rank ", owner.rank.value) || !take(line, ", pid ", owner.process.pid) ||
      !take(line, " (started ", owner.process.started) ||
      !take(line, ", pid namespace ", owner.process.pid_namespace) ||
      !line.starts_with(kBeforeBoot)) {
    return std::nullopt;
  }
  line.remove_prefix(kBeforeBoot.size());
  const std::size_t boot_end = line.find(kBeforeHost);
  if (boot_end == std::string_view::npos) return std::nullopt;
  owner.process.boot = line.substr(0, boot_end);
  owner.process.host = line.substr(boot_end + kBeforeHost.size());
  return owner.process.host.empty() ? std::nullopt : std::optional{std::move(owner)};
}

std::string JobOwner::line() const {
  return "rank " + std::to_string(rank.value) + ", pid " + std::to_string(process.pid) +
         " (started " + std::to_string(process.started) + ", pid namespace " +
         std::to_string(process.pid_namespace) + std::string{kBeforeBoot} + process.boot +
         std::string{kBeforeHost} + process.host;
}

std::string JobOwner::description(std::optional<bool> runs) const {
  std::string text = "rank " + std::to_string(rank.value) + ", pid " + std::to_string(process.pid) +
                     " on " + process.host;
  if (runs) text += *runs ? ", which still runs" : ", which no longer runs";
  return text;
}

std::string job_lock_text(std::string_view job, const JobOwner& owner) {
  return std::string{job} + "\n" + owner.line() + "\n";
}

std::string_view job_of(std::string_view text) noexcept { return text.substr(0, text.find('\n')); }

}  // namespace mpiferry::disk

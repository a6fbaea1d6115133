#include "cli/output/progress_text.hpp"

#include <cmath>
#include <string>

#include <fmt/format.h>

#include "cli/output/units.hpp"

namespace mpiferry::cli {
namespace {

constexpr std::chrono::seconds kRecently{10};

// Rounded down, so that 100.0 % means done.
std::string percent_text(Bytes done, Bytes total) {
  const double share = static_cast<double>(done.value) / static_cast<double>(total.value);
  return fmt::format("{:5.1f} %", std::floor(1000 * share) / 10);
}

// "156.0 of 700.0 MiB", "700.0 MiB of 1.4 GiB"
std::string share_text(Bytes done, Bytes total) {
  std::string one = human_bytes(done);
  const std::string all = human_bytes(total);
  const std::size_t unit = one.find(' ');
  if (all.ends_with(one.substr(unit))) one.resize(unit);
  return one + " of " + all;
}

// Nothing if nothing moves, or if it would take years.
std::optional<std::chrono::nanoseconds> time_for(Bytes left, const Stretch& recent) {
  constexpr double kMaxSeconds = 3.6e7;
  const double pace = static_cast<double>((recent.moved + recent.kept).value);
  if (left == 0_B || pace == 0) return std::nullopt;
  const double seconds =
      static_cast<double>(left.value) / pace * std::chrono::duration<double>(recent.time).count();
  if (seconds > kMaxSeconds) return std::nullopt;
  return std::chrono::ceil<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
}

}  // namespace

Stretch Pace::recent(const Progress& progress) {
  // Two marks stay: large chunks may be acknowledged less often, which is no standstill.
  while (marks_.size() > 2 && marks_[1].elapsed + kRecently <= progress.elapsed) {
    marks_.pop_front();
  }
  const Mark since = marks_.front();
  if (marks_.back().moved != progress.moved || marks_.back().kept != progress.kept) {
    marks_.push_back({progress.elapsed, progress.moved, progress.kept});
  }
  return {progress.elapsed - since.elapsed, progress.moved - since.moved,
          progress.kept - since.kept};
}

std::string eta_text(std::chrono::nanoseconds left, bool at_least) {
  return fmt::format("ETA {}{}", at_least ? "at least " : "",
                     whole_seconds(std::chrono::ceil<std::chrono::seconds>(left)));
}

std::vector<Field> progress_fields(const Progress& progress, const Stretch& recent) {
  const Bytes done = progress.moved + progress.kept;
  std::vector<Field> fields;
  if (progress.total && *progress.total > 0_B) {
    fields.push_back({0, percent_text(done, *progress.total)});
    fields.push_back({1, share_text(done, *progress.total)});
  } else {
    fields.push_back({1, human_bytes(done)});
  }
  fields.push_back({3, human_rate(recent.moved, recent.time)});
  fields.push_back({4, whole_seconds(progress.elapsed) + " elapsed"});
  if (progress.total && *progress.total > done) {
    if (const auto left = time_for(*progress.total - done, recent)) {
      fields.push_back({2, eta_text(*left, recent.kept > 0_B)});
    }
  }
  if (progress.chunks_kept > 0) {
    fields.push_back({5, fmt::format("{} sent, {} kept", counted(progress.chunks_moved, "chunk"),
                                     progress.chunks_kept)});
  }
  fields.push_back({6, counted(progress.in_flight, "chunk") + " in flight"});
  return fields;
}

}  // namespace mpiferry::cli

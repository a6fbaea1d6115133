#include "cli/output/units.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace mpiferry::cli {

std::string human_bytes(Bytes bytes) {
  static constexpr auto kUnits =
      std::to_array<std::string_view>({"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"});
  if (bytes.value < 1024) return fmt::format("{} B", bytes.value);
  auto value = static_cast<double>(bytes.value) / 1024;
  std::size_t unit = 0;
  for (; value >= 1023.95 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string option_bytes(Bytes bytes) {
  static constexpr auto kUnits =
      std::to_array<std::string_view>({"", "K", "M", "G", "T", "P", "E"});
  std::uint64_t value = bytes.value;
  std::size_t unit = 0;
  for (; value >= 1024 && value % 1024 == 0 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return fmt::format("{}{}", value, kUnits[unit]);
}

std::string human_seconds(std::chrono::nanoseconds time) {
  const double seconds = std::chrono::duration<double>(time).count();
  if (seconds < 10) return fmt::format("{:.3f} s", seconds);
  if (seconds < 100) return fmt::format("{:.1f} s", seconds);
  return whole_seconds(time);
}

std::string whole_seconds(std::chrono::nanoseconds time) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} m {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} m", whole / 3600, whole / 60 % 60);
}

std::string human_rate(Bytes bytes, std::chrono::nanoseconds time) {
  // Avoids an overflow for rates that no machine reaches.
  constexpr double kMaxRate = 1e18;
  const double rate = 1e9 * gigabytes_per_second(bytes, time);
  return human_bytes({static_cast<std::uint64_t>(std::min(rate, kMaxRate))}) + "/s";
}

std::string counted(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

double gigabytes_per_second(Bytes bytes, std::chrono::nanoseconds time) {
  return time.count() > 0 ? static_cast<double>(bytes.value) / static_cast<double>(time.count())
                          : 0;
}

}  // namespace mpiferry::cli

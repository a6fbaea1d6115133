#include "engine/disk/destination_pattern.hpp"

namespace mpiferry::disk {
namespace {

constexpr std::string_view kRank = "{rank}";
constexpr std::string_view kHost = "{host}";

}  // namespace

Outcome check_pattern(std::string_view pattern) {
  for (auto at = pattern.find('{'); at != std::string_view::npos; at = pattern.find('{', at + 1)) {
    const std::string_view rest = pattern.substr(at);
    if (rest.starts_with(kRank) || rest.starts_with(kHost)) continue;
    // Up to its end, which may be missing.
    const auto end = rest.find_first_of("/}");
    const auto word =
        rest.substr(0, end == std::string_view::npos || rest[end] == '/' ? end : end + 1);
    return Failure{
        .code = Errc::invalid_argument,
        .path = std::string{pattern},
        .detail = mpiferry::quoted(word) + " stands for nothing: there are {rank} and {host}",
        .hint = "a directory that has a { in its own name can be used from within, as ."};
  }
  return Nothing{};
}

std::string expand_destination(std::string_view pattern, Rank rank, std::string_view host) {
  std::string out;
  while (!pattern.empty()) {
    if (pattern.starts_with(kRank)) {
      out += std::to_string(rank.value);
      pattern.remove_prefix(kRank.size());
    } else if (pattern.starts_with(kHost)) {
      out += host;
      pattern.remove_prefix(kHost.size());
    } else {
      out += pattern.front();
      pattern.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace mpiferry::disk

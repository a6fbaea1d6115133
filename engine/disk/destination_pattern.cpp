#include "engine/disk/destination_pattern.hpp"

namespace mpiferry::disk {

std::string expand_destination(std::string_view pattern, Rank rank, std::string_view host) {
  constexpr std::string_view kRank = "{rank}";
  constexpr std::string_view kHost = "{host}";
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

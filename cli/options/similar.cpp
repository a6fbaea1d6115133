#include "cli/options/similar.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <numeric>

namespace mpiferry::cli {
namespace {

std::string letters_of(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '-' || c == '_') continue;
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

// Insertions, deletions, substitutions and transpositions (optimal string alignment distance).
std::size_t mistakes_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = a[i - 1] == b[j - 1];
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& names) {
  constexpr std::size_t kMinPart = 3;
  const std::string typed = letters_of(word);
  // One letter in three may be wrong.
  std::size_t fewest = typed.size() / 3 + 1;
  std::string found;
  std::vector<std::string> wholes;
  for (const std::string& name : names) {
    const std::string meant = letters_of(name);
    const std::size_t mistakes = mistakes_between(typed, meant);
    if (mistakes < fewest) {
      fewest = mistakes;
      found = name;
    }
    if (typed.size() >= kMinPart && meant.find(typed) != std::string::npos) {
      wholes.push_back(name);
    }
  }
  if (!found.empty()) return found;
  return wholes.size() == 1 ? wholes[0] : "";
}

std::string did_you_mean(const std::string& name) {
  return name.empty() ? "" : "; did you mean " + name + "?";
}

}  // namespace mpiferry::cli

#include "cli/output/progress_line.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>

#include <fmt/format.h>

namespace mpiferry::cli {

std::string fitted(const std::vector<Field>& fields, std::size_t columns) {
  constexpr std::size_t kGap = 2;
  std::vector<std::size_t> order(fields.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&fields](std::size_t i) { return fields[i].priority; });
  std::vector<bool> taken(fields.size());
  std::size_t used = 0;
  for (const std::size_t i : order) {
    const std::size_t needed = fields[i].text.size() + (used == 0 ? 0 : kGap);
    if (used + needed > columns) {
      if (used == 0) return fields[i].text.substr(0, columns);
      continue;
    }
    taken[i] = true;
    used += needed;
  }
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!taken[i]) continue;
    if (!line.empty()) line.append(kGap, ' ');
    line += fields[i].text;
  }
  return line;
}

// Some terminals wrap when the last column is written.
std::size_t ProgressLine::columns() const { return output_.terminal->columns() - 1; }

void ProgressLine::draw(const std::vector<Field>& fields) {
  const std::size_t width = columns();
  const std::string line = fitted(fields, width);
  std::fputs(fmt::format("\r{:<{}}", line, std::min(shown_, width)).c_str(), stderr);
  std::fflush(stderr);
  shown_ = line.size();
}

void ProgressLine::clear() {
  if (shown_ == 0) return;
  // The whole width: the terminal may have added a ^C.
  std::fputs(fmt::format("\r{:{}}\r", "", columns()).c_str(), stderr);
  std::fflush(stderr);
  shown_ = 0;
  // `mpirun ... | tee log`: later output takes another way to the same terminal, and must not
  // overtake this one, which passes the launcher in less than a millisecond.
  constexpr std::chrono::milliseconds kHeadStart{50};
  if (!output_.one_stream) std::this_thread::sleep_for(kHeadStart);
}

}  // namespace mpiferry::cli

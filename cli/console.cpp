#include "cli/console.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/units.hpp"
#include "engine/base/failure.hpp"
#include "engine/base/path.hpp"

namespace mpiferry::cli {
namespace {

// Lines are a service: a full or closed output must not end the job, as an exception would.
template <class... Args>
void print(std::FILE* out, fmt::format_string<Args...> format, Args&&... args) {
  std::fputs(fmt::format(format, std::forward<Args>(args)...).c_str(), out);
}

}  // namespace

void Console::on_source(const std::string& source, std::uint64_t chunks) {
  if (settings_.lines) {
    print(settings_.out, "Master: Read {} from {}.\n", counted(chunks, "chunk"),
          mpiferry::quoted(source));
  }
}

void Console::on_sent(ChunkIndex chunk, Rank to) {
  if (settings_.lines) {
    print(settings_.out, "Master: Sent chunk {} to process {}.\n", chunk.value, to.value);
  }
}

void Console::on_status(Rank /*from*/, bool written) {
  if (settings_.lines) {
    print(settings_.out, "Master: Received status {}.\n", written ? "True" : "False");
  }
}

void Console::on_written(Rank self, ChunkIndex chunk, const std::string& directory) {
  if (!settings_.lines) return;
  const std::string path = path_in(directory, fmt::format("chunk_{}.bin", chunk.value));
  print(settings_.out, "Worker {}: Wrote chunk {} to {}.\n", self.value, chunk.value,
        mpiferry::quoted(path));
}

void Console::on_end(Rank self) {
  if (settings_.lines) {
    print(settings_.out, "Worker {}: Received termination signal.\n", self.value);
    std::fflush(settings_.out);
  }
}

std::string progress_line(const Progress& progress) {
  const double rate = gigabytes_per_second(progress.done, progress.elapsed);
  std::string line;
  if (progress.total && progress.total->value > 0) {
    const auto total = static_cast<double>(progress.total->value);
    line = fmt::format("{:5.1f} %  ", 100 * static_cast<double>(progress.done.value) / total);
  }
  line += fmt::format("{}  {:.2f} GB/s", human_bytes(progress.done), rate);
  if (progress.total && rate > 0) {
    const Bytes left = *progress.total - progress.done;
    line +=
        fmt::format("  ETA {}", human_seconds(std::chrono::nanoseconds{static_cast<long long>(
                                    std::min(static_cast<double>(left.value) / rate, 3.6e18))}));
  }
  return line + fmt::format("  {} in flight", counted(progress.in_flight, "chunk"));
}

void Console::on_progress(const Progress& progress) {
  using namespace std::chrono_literals;
  if (!settings_.progress || progress.elapsed < next_) return;
  const std::string line = progress_line(progress);
  if (settings_.watched) {
    print(stderr, "\r{:<{}}", line, shown_);
    shown_ = line.size();
    next_ = progress.elapsed + 100ms;
  } else {
    print(stderr, "{}\n", line);
    next_ = progress.elapsed + 1s;
  }
  std::fflush(stderr);
}

void Console::clear_progress() {
  if (shown_ > 0) print(stderr, "\r{:{}}\r", "", shown_);
  shown_ = 0;
}

}  // namespace mpiferry::cli

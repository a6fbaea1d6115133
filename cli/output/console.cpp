#include "cli/output/console.hpp"

#include <cstdio>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/output/report_text.hpp"
#include "cli/output/units.hpp"
#include "cli/process/message.hpp"
#include "engine/base/failure.hpp"
#include "engine/base/path.hpp"

namespace mpiferry::cli {
namespace {

// An output that is full or closed must not end the job, as an exception would. Lines are not
// flushed, as there may be one for every chunk.
template <class... Args>
void write_line(std::FILE* out, fmt::format_string<Args...> format, Args&&... args) {
  std::fputs(fmt::format(format, std::forward<Args>(args)...).c_str(), out);
}

}  // namespace

void Console::on_source(const std::string& source, std::uint64_t chunks, Bytes chunk_size) {
  if (!output_.lines) return;
  write_line(output_.out, "Chunk size: {} bytes\nMaster: Read {} from {}.\n", chunk_size.value,
             counted(chunks, "chunk"), mpiferry::quoted(source));
}

void Console::on_manifest(const std::string& source, std::uint64_t chunks, Bytes chunk_size) {
  if (!output_.lines) return;
  write_line(output_.out, "Chunk size: {} bytes\nMaster: Read the manifest of {}: {}.\n",
             chunk_size.value, mpiferry::quoted(source), counted(chunks, "chunk"));
}

void Console::on_checked(ChunkIndex chunk, Rank from, bool intact) {
  if (!output_.lines) return;
  if (from == kNoRank) {
    write_line(output_.out, "Master: Chunk {} is missing.\n", chunk.value);
  } else {
    write_line(output_.out, "Master: Chunk {} from process {} is {}.\n", chunk.value, from.value,
               intact ? "intact" : "missing or damaged");
  }
}

void Console::on_sent(ChunkIndex chunk, Rank to) {
  if (output_.lines) {
    write_line(output_.out, "Master: Sent chunk {} to process {}.\n", chunk.value, to.value);
  }
}

void Console::on_status(Rank /*from*/, bool written) {
  if (output_.lines) {
    write_line(output_.out, "Master: Received status {}.\n", written ? "True" : "False");
  }
}

void Console::on_written(Rank self, ChunkIndex chunk, const std::string& directory,
                         std::string_view file) {
  if (!output_.lines) return;
  write_line(output_.out, "Worker {}: Wrote chunk {} to {}.\n", self.value, chunk.value,
             mpiferry::quoted(path_in(directory, file)));
}

void Console::on_failure(Rank self, const Failure& failure) {
  if (!output_.lines) return;
  write_line(output_.out, "Worker {}: Error - {}\n", self.value, own_failure_text(failure, self));
  std::fflush(output_.out);
}

void Console::on_end(Rank self) {
  if (output_.lines) {
    write_line(output_.out, "Worker {}: Received termination signal.\n", self.value);
    std::fflush(output_.out);
  }
}

// The program that was to write to a FIFO may never have been started.
void Console::report_idle_stream(const Progress& progress) {
  constexpr std::chrono::seconds kPatience{10};
  const bool begun = progress.total || progress.in_flight > 0 || progress.chunks_moved > 0;
  if (output_.quiet || idle_reported_ || begun || progress.elapsed < kPatience) return;
  idle_reported_ = true;
  line_.clear();
  print(
      stderr,
      "mpiferry: still waiting for the first bytes of the source; does any process write to it?\n");
}

void Console::on_progress(const Progress& progress) {
  using namespace std::chrono_literals;
  report_idle_stream(progress);
  if (!output_.progress) return;
  const Stretch recent = pace_.recent(progress);
  if (progress.elapsed < next_) return;
  const std::vector<Field> fields = progress_fields(progress, recent);
  if (output_.terminal) {
    line_.draw(fields);
    next_ = progress.elapsed + 100ms;
  } else {
    write_line(stderr, "{}\n", fitted(fields, std::string::npos));
    std::fflush(stderr);
    next_ = progress.elapsed + 1s;
  }
}

}  // namespace mpiferry::cli

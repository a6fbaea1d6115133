#include "cli/output/retrieval_text.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/output/report_text.hpp"
#include "cli/output/units.hpp"
#include "engine/base/failure.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry::cli {
namespace {

constexpr std::size_t kMaxLines = 20;
constexpr std::uint64_t kMaxNamed = 3;  // chunks of a lost file

std::string speed_text(const JobReport& job, const TransferReport& transfer) {
  return fmt::format("{} at {}", human_seconds(job.transfer_time),
                     human_rate(transfer.bytes_written, job.transfer_time));
}

std::string from_text(const JobReport& job) {
  if (job.workers.empty()) return "one rank";
  return counted(job.workers.size(), "worker");
}

// One discrepancy, or all the chunks of a file that is not there.
struct Line {
  const Discrepancy* found;  // the first of them
  std::uint64_t discrepancies = 1;
  std::string chunks;  // the first few of them
};

std::vector<Line> lines_of(const std::vector<Discrepancy>& discrepancies) {
  std::vector<Line> lines;
  std::unordered_map<std::string_view, std::size_t> lost;  // path to line
  for (const Discrepancy& found : discrepancies) {
    const std::string chunk = found.chunk ? std::to_string(found.chunk->value) : "";
    if (found.kind == Discrepancy::Kind::missing && !found.path.empty()) {
      const auto [known, is_new] = lost.try_emplace(found.path, lines.size());
      if (!is_new) {
        Line& line = lines[known->second];
        if (line.discrepancies++ < kMaxNamed) line.chunks += ", " + chunk;
        continue;
      }
    }
    lines.push_back({.found = &found, .chunks = chunk});
  }
  return lines;
}

// The lines that are shown. No kind and no file hides another: the kinds take turns, and further
// lines of a file come last.
std::vector<Line> lines_to_show(const std::vector<Line>& lines) {
  std::map<std::pair<Discrepancy::Kind, bool>, std::size_t> counts;
  std::set<std::pair<Discrepancy::Kind, std::string_view>> files;
  std::vector<std::pair<std::size_t, std::size_t>> turns;  // turn, line
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Discrepancy& found = *lines[i].found;
    const bool again = !files.emplace(found.kind, found.path).second;
    turns.emplace_back(counts[{found.kind, again}]++ + (again ? lines.size() : 0), i);
  }
  std::ranges::sort(turns);
  turns.resize(std::min(turns.size(), kMaxLines));
  std::ranges::sort(turns, {}, [](const auto& turn) { return turn.second; });
  std::vector<Line> shown;
  shown.reserve(turns.size());
  for (const auto& [turn, line] : turns) shown.push_back(lines[line]);
  return shown;
}

std::string line_text(const Line& line) {
  const Discrepancy& found = *line.found;
  Failure failure{.rank = found.rank,
                  .host = found.host,
                  .path = found.path,
                  .call = found.call,
                  .system_errno = found.system_errno,
                  .detail = found.detail};
  if (failure.detail.empty()) {
    failure.detail = found.kind == Discrepancy::Kind::extra ? "does not belong there"
                     : found.system_errno == 0              ? "does not exist"
                                                            : "cannot be read";
  }
  std::string what = discrepancy_name(found.kind);
  if (line.discrepancies > 1) {
    what += fmt::format(": {} ({}{})", counted(line.discrepancies, "chunk"), line.chunks,
                        line.discrepancies > kMaxNamed ? ", ..." : "");
    failure.detail = fmt::format("chunk {}: {}", found.chunk->value, failure.detail);
  } else if (found.chunk) {
    what += ": chunk " + line.chunks;
  }
  return fmt::format("{}: {}\n", what, failure.message());
}

}  // namespace

std::string gathered_text(const GatherReport& report) {
  const TransferReport& transfer = report.transfer;
  std::string text =
      fmt::format("mpiferry: {} in {} from {}: {}, every chunk verified\n",
                  human_bytes(transfer.bytes_written), counted(transfer.chunks_written, "chunk"),
                  from_text(report.job), speed_text(report.job, transfer));
  text += damaged_text(transfer);
  text += fmt::format("  file: {}\n",
                      report.target == "-" ? "standard output" : mpiferry::quoted(report.target));
  if (transfer.digest) text += fmt::format("  xxh128: {}\n", wire::to_hex(*transfer.digest));
  return text;
}

std::string verified_text(const VerifyReport& report) {
  const TransferReport& transfer = report.transfer;
  return fmt::format(
      "mpiferry: {} in {}, read by {}: {}; every chunk is as it was scattered{}{}\n",
      human_bytes(transfer.bytes_written), counted(transfer.chunks_written, "chunk"),
      report.job.workers.empty() ? "one rank" : counted(report.job.workers.size() + 1, "rank"),
      speed_text(report.job, transfer),
      report.against.empty() ? "" : ", and identical to " + mpiferry::quoted(report.against),
      report.extra_files == 0
          ? ""
          : fmt::format(" ({} beside them)", counted(report.extra_files, "extra file")));
}

const char* discrepancy_name(Discrepancy::Kind kind) noexcept {
  switch (kind) {
    case Discrepancy::Kind::missing:
      return "missing";
    case Discrepancy::Kind::damaged:
      return "damaged";
    case Discrepancy::Kind::differs:
      return "differs";
    case Discrepancy::Kind::extra:
      return "extra";
  }
  return "";
}

std::string discrepancies_text(const VerifyReport& report) {
  std::uint64_t shown = 0;
  std::string text;
  for (const Line& line : lines_to_show(lines_of(report.discrepancies))) {
    shown += line.discrepancies;
    text += line_text(line);
  }
  const std::uint64_t all =
      report.chunks_missing + report.chunks_damaged + report.chunks_differing + report.extra_files;
  if (all > shown) {
    const std::size_t listed = report.discrepancies.size();
    text += fmt::format("... and {} more; --json lists {}\n", all - shown,
                        listed == all ? "them" : fmt::format("the first {}", listed));
  }
  return text;
}

}  // namespace mpiferry::cli

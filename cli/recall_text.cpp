#include "cli/recall_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/units.hpp"
#include "engine/base/failure.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry::cli {
namespace {

constexpr std::size_t kShown = 20;

std::string speed_text(const Report& report) {
  return fmt::format("{} at {:.2f} GB/s", human_seconds(report.transfer),
                     gigabytes_per_second(report.bytes_written, report.transfer));
}

std::string from_text(const Report& report) {
  if (report.workers.empty()) return "one rank";
  return counted(report.workers.size(), "worker");
}

}  // namespace

std::string gathered_text(const Report& report) {
  std::string text = fmt::format(
      "mpiferry: {} in {} from {}: {}, every chunk verified\n", human_bytes(report.bytes_written),
      counted(report.chunks_written, "chunk"), from_text(report), speed_text(report));
  if (report.chunks_corrupt > 0) {
    text += fmt::format("  {} arrived damaged and {} sent again\n",
                        counted(report.chunks_corrupt, "chunk"),
                        report.chunks_corrupt == 1 ? "was" : "were");
  }
  text += fmt::format("  file: {}\n", mpiferry::quoted(report.target));
  if (report.digest) text += fmt::format("  xxh128: {}\n", wire::to_hex(*report.digest));
  return text;
}

std::string verified_text(const Report& report) {
  return fmt::format(
      "mpiferry: {} in {}, read by {}: {}; all of it is what was scattered{}\n",
      human_bytes(report.bytes_written), counted(report.chunks_written, "chunk"), from_text(report),
      speed_text(report),
      report.extra_files == 0
          ? ""
          : fmt::format(" ({} beside it)", counted(report.extra_files, "extra file")));
}

const char* flaw_name(Report::Flaw::Kind kind) noexcept {
  switch (kind) {
    case Report::Flaw::Kind::missing:
      return "missing";
    case Report::Flaw::Kind::damaged:
      return "damaged";
    case Report::Flaw::Kind::differs:
      return "differs";
    case Report::Flaw::Kind::extra:
      return "extra";
  }
  return "";
}

std::string flaws_text(const Report& report) {
  std::string text;
  for (std::size_t i = 0; i < std::min(report.flaws.size(), kShown); ++i) {
    const Report::Flaw& flaw = report.flaws[i];
    Failure line{.rank = flaw.rank,
                 .host = flaw.host,
                 .path = flaw.path,
                 .call = flaw.call,
                 .system_errno = flaw.system_errno,
                 .detail = flaw.detail};
    if (line.detail.empty()) {
      line.detail = flaw.kind == Report::Flaw::Kind::extra ? "has no place there"
                    : flaw.system_errno == 0               ? "is not there"
                                                           : "can not be read";
    }
    const std::string chunk = flaw.chunk ? fmt::format("chunk {}: ", flaw.chunk->value) : "";
    text += fmt::format("{}: {}{}\n", flaw_name(flaw.kind), chunk, line.message());
  }
  const std::uint64_t all =
      report.chunks_missing + report.chunks_damaged + report.chunks_differing + report.extra_files;
  if (all > kShown) {
    const std::size_t listed = report.flaws.size();
    text += fmt::format("... and {} more; --json lists {}\n", all - kShown,
                        listed == all ? "them" : fmt::format("the first {}", listed));
  }
  return text;
}

}  // namespace mpiferry::cli

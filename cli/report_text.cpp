#include "cli/report_text.hpp"

#include <fmt/format.h>

#include "cli/units.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry::cli {

std::string error_text(const Failure& failure) {
  std::string text = fmt::format("mpiferry: error: {}\n", failure.message());
  if (!failure.hint.empty()) text += fmt::format("  hint: {}\n", printable(failure.hint));
  return text;
}

std::string success_text(const Report& report, const std::string& profile) {
  std::string text =
      fmt::format("mpiferry: {} in {} to {}: {} at {:.2f} GB/s, every chunk verified\n",
                  human_bytes(report.bytes_written), counted(report.chunks_written, "chunk"),
                  counted(report.workers.size(), "worker"), human_seconds(report.transfer),
                  gigabytes_per_second(report.bytes_written, report.transfer));
  if (report.chunks_corrupt > 0) {
    text += fmt::format("  {} arrived damaged and {} sent again\n",
                        counted(report.chunks_corrupt, "chunk"),
                        report.chunks_corrupt == 1 ? "was" : "were");
  }
  if (!profile.empty()) {
    text += fmt::format("  chunks of {}, {} in flight to each worker: profile {}\n",
                        human_bytes(report.chunk_size), report.window, quoted(profile));
  }
  text += report.discard
              ? "  nothing was written (--discard)\n"
              : fmt::format("  manifest: {}\n", quoted(report.directory + "/manifest.json"));
  if (report.digest) text += fmt::format("  xxh128: {}\n", wire::to_hex(*report.digest));
  return text;
}

std::string how_far_text(const Report& report) {
  if (report.discard) return {};  // nothing was to be written
  if (report.chunks_sent == 0) {
    return report.clearing
               ? "  nothing was written; files of an earlier job may be gone (--force)\n"
               : "  nothing was written\n";
  }
  const std::string chunks = report.chunks ? fmt::format("{} of {}", report.chunks_written,
                                                         counted(*report.chunks, "chunk"))
                                           : counted(report.chunks_written, "chunk");
  return fmt::format("  {} ({}) {} written and verified; no manifest was published\n", chunks,
                     human_bytes(report.bytes_written),
                     report.chunks_written == 1 ? "was" : "were");
}

}  // namespace mpiferry::cli

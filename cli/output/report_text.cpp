#include "cli/output/report_text.hpp"

#include <fmt/format.h>

#include "cli/output/units.hpp"
#include "engine/base/path.hpp"
#include "engine/operations/scatter/options.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry::cli {

std::string own_failure_text(const Failure& failure, Rank self) {
  if (failure.code == Errc::source_not_found) {
    return fmt::format("File {} not found.", mpiferry::quoted(failure.path));
  }
  Failure told = failure;
  if (told.rank == self) told.rank = kNoRank;  // the line begins with it
  return told.message();
}

std::string closing_lines(const Report& report) {
  const char* const what = report.command == "verify" ? "Verification" : "File transfer";
  if (report.ok()) return fmt::format("Master: {} completed successfully.\n", what);
  std::string text;
  // A worker reports its own write errors.
  const auto is_workers = [](const Failure& it) {
    return it.rank > kMaster && error_class(it.code) == ErrorClass::destination;
  };
  if (report.failure && !is_workers(*report.failure)) {
    text = fmt::format("Master: Error - {}\n", own_failure_text(*report.failure, kMaster));
  }
  return text + fmt::format("Master: {} encountered errors.\n", what);
}

std::string success_text(const Report& report, const std::string& profile) {
  std::string text;
  if (report.resume && report.chunks_sent == 0) {
    text = fmt::format("mpiferry: nothing to send: all chunks are in place, checked in {}\n",
                       human_seconds(report.transfer));
  } else {
    text = fmt::format("mpiferry: {} in {} to {}: {} at {}, every chunk verified\n",
                       human_bytes(report.bytes_written), counted(report.chunks_written, "chunk"),
                       counted(report.workers.size(), "worker"), human_seconds(report.transfer),
                       human_rate(report.bytes_written, report.transfer));
  }
  if (report.chunks_kept > 0) {
    text += fmt::format("  {} ({}) {} already in place\n", counted(report.chunks_kept, "chunk"),
                        human_bytes(report.bytes_kept), was(report.chunks_kept));
  }
  if (report.chunks_moved > 0) {
    text += fmt::format("  {} {} rerouted to another worker (--reroute)\n",
                        counted(report.chunks_moved, "chunk"), was(report.chunks_moved));
  }
  text += damaged_text(report);
  if (!profile.empty()) {
    text += fmt::format("  chunks of {}, {} in flight to each worker: profile {}\n",
                        human_bytes(report.chunk_size), report.window, mpiferry::quoted(profile));
  }
  text += report.discard
              ? "  nothing was written (--discard)\n"
              : fmt::format("  manifest: {}\n",
                            mpiferry::quoted(path_in(report.directory, "manifest.json")));
  if (report.digest) text += fmt::format("  xxh128: {}\n", wire::to_hex(*report.digest));
  return text;
}

std::string damaged_text(const Report& report) {
  if (report.chunks_corrupt == 0) return {};
  return fmt::format("  {} arrived damaged and {} sent again\n",
                     counted(report.chunks_corrupt, "chunk"), was(report.chunks_corrupt));
}

std::string how_far_text(const Report& report) {
  if (report.discard) return {};  // nothing was to be written
  if (report.untouched) {
    return "  nothing was written; the finished job there is unchanged\n";
  }
  if (report.chunks_sent + report.chunks_kept == 0) {
    return report.clearing
               ? "  nothing was written; files of an earlier job may be gone (--force)\n"
               : "  nothing was written\n";
  }
  const std::uint64_t there = report.chunks_written + report.chunks_kept;
  const std::string chunks = report.chunks
                                 ? fmt::format("{} of {}", there, counted(*report.chunks, "chunk"))
                                 : counted(there, "chunk");
  std::string text = fmt::format("  {} ({}) {} written and verified", chunks,
                                 human_bytes(report.bytes_written + report.bytes_kept), was(there));
  if (report.chunks && *report.chunks > there) {
    text += fmt::format(", {} {} not", *report.chunks - there,
                        *report.chunks - there == 1 ? "is" : "are");
  }
  // Resuming needs the same chunk size.
  const std::string size = report.chunk_size == Options{}.chunk_size
                               ? ""
                               : fmt::format(" --chunk-size {}", report.chunk_size.value);
  return text + fmt::format("; no manifest was published; --resume{} continues from there\n", size);
}

std::string warnings_text(const Report& report) {
  std::string text;
  // The directory may have been named by mistake. A stream has no name to compare.
  const bool known = !report.replaced.empty() && report.replaced != "-" && report.source != "-";
  if (known && last_name(report.replaced) != last_name(report.source)) {
    text += fmt::format(
        "mpiferry: warning: {} held the chunks of {}, which --resume has replaced by those "
        "of {}\n",
        mpiferry::quoted(report.directory), mpiferry::quoted(report.replaced),
        mpiferry::quoted(report.source));
  }
  for (const Failure& warning : report.warnings) {
    const bool rerouted = error_class(warning.code) == ErrorClass::destination;
    text += fmt::format("mpiferry: warning: {}: {}\n", warning.message(),
                        rerouted ? "its chunks went to other workers (--reroute)"
                                 : "the result was already complete");
  }
  return text;
}

}  // namespace mpiferry::cli

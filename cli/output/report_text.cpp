#include "cli/output/report_text.hpp"

#include <fmt/format.h>

#include "cli/output/units.hpp"
#include "cli/process/message.hpp"
#include "cli/process/option_names.hpp"
#include "engine/base/path.hpp"
#include "engine/operations/scatter/options.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry::cli {

std::string own_failure_text(const Failure& failure, Rank self) {
  if (failure.code == Errc::source_not_found) {
    return fmt::format("File {} not found.", mpiferry::quoted(failure.path));
  }
  Failure told = with_option_names(failure);
  if (told.rank == self) told.rank = kNoRank;  // the line begins with it
  return told.message();
}

std::string closing_lines(const JobReport& job, const char* what) {
  if (job.ok()) return fmt::format("Master: {} completed successfully.\n", what);
  std::string text;
  // A worker reports its own write errors.
  const auto is_workers = [](const Failure& it) {
    return it.rank > kMaster && error_class(it.code) == ErrorClass::destination;
  };
  if (job.failure && !is_workers(*job.failure)) {
    text = fmt::format("Master: Error - {}\n", own_failure_text(*job.failure, kMaster));
  }
  return text + fmt::format("Master: {} encountered errors.\n", what);
}

std::string success_text(const ScatterReport& report, const std::string& profile) {
  const TransferReport& transfer = report.transfer;
  std::string text;
  if (report.resume && report.chunks_sent == 0) {
    text = fmt::format("mpiferry: nothing to send: all chunks are in place, checked in {}\n",
                       human_seconds(report.job.transfer_time));
  } else {
    text = fmt::format(
        "mpiferry: {} in {} to {}: {} at {}, every chunk verified\n",
        human_bytes(transfer.bytes_written), counted(transfer.chunks_written, "chunk"),
        counted(report.job.workers.size(), "worker"), human_seconds(report.job.transfer_time),
        human_rate(transfer.bytes_written, report.job.transfer_time));
  }
  if (report.chunks_kept > 0) {
    text += fmt::format("  {} ({}) {} already in place\n", counted(report.chunks_kept, "chunk"),
                        human_bytes(report.bytes_kept), was(report.chunks_kept));
  }
  if (report.chunks_moved > 0) {
    text += fmt::format("  {} {} rerouted to another worker (--reroute)\n",
                        counted(report.chunks_moved, "chunk"), was(report.chunks_moved));
  }
  text += damaged_text(transfer);
  if (!profile.empty()) {
    text +=
        fmt::format("  chunks of {}, {} in flight to each worker: profile {}\n",
                    human_bytes(transfer.chunk_size), transfer.window, mpiferry::quoted(profile));
  }
  text += report.discard
              ? "  nothing was written (--discard)\n"
              : fmt::format("  manifest: {}\n",
                            mpiferry::quoted(path_in(transfer.directory, "manifest.json")));
  if (transfer.digest) text += fmt::format("  xxh128: {}\n", wire::to_hex(*transfer.digest));
  return text;
}

std::string damaged_text(const TransferReport& transfer) {
  if (transfer.chunks_corrupt == 0) return {};
  return fmt::format("  {} arrived damaged and {} sent again\n",
                     counted(transfer.chunks_corrupt, "chunk"), was(transfer.chunks_corrupt));
}

std::string how_far_text(const ScatterReport& report) {
  const TransferReport& transfer = report.transfer;
  if (report.discard) return {};  // nothing was to be written
  if (report.untouched) {
    return "  nothing was written; the finished job there is unchanged\n";
  }
  if (report.chunks_sent + report.chunks_kept == 0) {
    return report.clearing
               ? "  nothing was written; files of an earlier job may be gone (--force)\n"
               : "  nothing was written\n";
  }
  const std::uint64_t there = transfer.chunks_written + report.chunks_kept;
  const std::string chunks =
      transfer.chunks ? fmt::format("{} of {}", there, counted(*transfer.chunks, "chunk"))
                      : counted(there, "chunk");
  std::string text =
      fmt::format("  {} ({}) {} written and verified", chunks,
                  human_bytes(transfer.bytes_written + report.bytes_kept), was(there));
  if (transfer.chunks && *transfer.chunks > there) {
    text += fmt::format(", {} {} not", *transfer.chunks - there,
                        *transfer.chunks - there == 1 ? "is" : "are");
  }
  // Resuming needs the same chunk size.
  const std::string size = transfer.chunk_size == ScatterOptions{}.chunk_size
                               ? ""
                               : fmt::format(" --chunk-size {}", transfer.chunk_size.value);
  return text + fmt::format("; no manifest was published; --resume{} continues from there\n", size);
}

std::string warnings_text(const JobReport& job) {
  std::string text;
  for (const Failure& warning : job.warnings) {
    const bool rerouted = error_class(warning.code) == ErrorClass::destination;
    text += warning_line(fmt::format("{}: {}", warning.message(),
                                     rerouted ? "its chunks went to other workers (--reroute)"
                                              : "the result was already complete"));
  }
  return text;
}

std::string warnings_text(const ScatterReport& report) {
  const TransferReport& transfer = report.transfer;
  std::string text;
  // The directory may have been named by mistake. A stream has no name to compare.
  const bool known = !report.replaced.empty() && report.replaced != "-" && transfer.source != "-";
  if (known && last_name(report.replaced) != last_name(transfer.source)) {
    text += warning_line(
        fmt::format("{} held the chunks of {}, which --resume has replaced by those of {}",
                    mpiferry::quoted(transfer.directory), mpiferry::quoted(report.replaced),
                    mpiferry::quoted(transfer.source)));
  }
  if (report.replaced_chunk_size > 0_B && report.replaced_chunk_size != transfer.chunk_size) {
    text += fmt::format(
        "mpiferry: warning: {} held chunks of {} bytes, of which none could be kept; --chunk-size "
        "{} keeps those that are right\n",
        mpiferry::quoted(transfer.directory), report.replaced_chunk_size.value,
        report.replaced_chunk_size.value);
  }
  return text + warnings_text(report.job);
}

}  // namespace mpiferry::cli

#include "cli/output/report_json.hpp"

#include <optional>
#include <type_traits>

#include <nlohmann/json.hpp>

#include "cli/output/retrieval_text.hpp"
#include "cli/output/units.hpp"
#include "cli/process/exit_code.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry::cli {
namespace {

using Json = nlohmann::ordered_json;

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

template <class T>
Json or_null(const std::optional<T>& value) {
  if (!value) return nullptr;
  if constexpr (std::is_same_v<T, Bytes>) {
    return value->value;
  } else {
    return *value;
  }
}

}  // namespace

Json error_json(const Failure& failure) {
  Json json{{"message", failure.message()}};
  if (!failure.hint.empty()) json["hint"] = failure.hint;
  if (failure.rank != kNoRank) json["rank"] = failure.rank.value;
  if (!failure.host.empty()) json["host"] = failure.host;
  if (!failure.path.empty()) json["path"] = failure.path;
  if (!failure.call.empty()) json["call"] = failure.call;
  if (failure.system_errno != 0) json["errno"] = failure.system_errno;
  return json;
}

namespace {

Json flaw_json(const Report::Flaw& flaw) {
  Json json{{"kind", flaw_name(flaw.kind)}};
  if (flaw.chunk) json["chunk"] = flaw.chunk->value;
  if (flaw.rank != kNoRank) json["rank"] = flaw.rank.value;
  if (!flaw.host.empty()) json["host"] = flaw.host;
  json["path"] = flaw.path;
  if (!flaw.detail.empty()) json["detail"] = flaw.detail;
  if (!flaw.call.empty()) json["call"] = flaw.call;
  if (flaw.system_errno != 0) json["errno"] = flaw.system_errno;
  return json;
}

}  // namespace

std::string to_json(const Report& report, const std::string& profile) {
  Json json{{"schema", kReportSchema},
            {"command", report.command},
            {"verdict", error_name(report.verdict)},
            {"class", class_name(error_class(report.verdict))},
            {"exit_code", exit_code(report.verdict)}};
  if (report.failure) json["error"] = error_json(*report.failure);
  json.update(
      {{"source", report.source},
       {"directory", report.directory},
       {"discard", report.discard},
       {"source_bytes", or_null(report.source_size)},
       {"chunk_size", report.chunk_size.value},
       {"chunks", or_null(report.chunks)},
       {"digest_xxh128", report.digest ? Json(wire::to_hex(*report.digest)) : Json(nullptr)},
       {"chunks_sent", report.chunks_sent},
       {"chunks_written", report.chunks_written},
       {"chunks_corrupt", report.chunks_corrupt},
       {"chunks_resent", report.chunks_resent},
       {"resume", report.resume},
       {"chunks_kept", report.chunks_kept},
       {"bytes_kept", report.bytes_kept.value},
       {"chunks_moved", report.chunks_moved},
       {"bytes_written", report.bytes_written.value},
       {"seconds", seconds(report.elapsed)},
       {"transfer_seconds", seconds(report.transfer)},
       {"gigabytes_per_second", gigabytes_per_second(report.bytes_written, report.transfer)},
       {"window", report.window},
       {"profile", profile.empty() ? Json(nullptr) : Json(profile)},
       {"peak_in_flight_per_worker", report.peak_in_flight},
       {"master_buffers", report.buffers},
       {"peak_master_buffers", report.peak_buffers},
       {"mpi_tests", report.mpi_tests}});
  json["warnings"] = Json::array();
  for (const Failure& warning : report.warnings) json["warnings"].push_back(error_json(warning));
  if (!report.target.empty()) json["target"] = report.target;
  json["chunks_missing"] = report.chunks_missing;
  json["chunks_damaged"] = report.chunks_damaged;
  json["chunks_differing"] = report.chunks_differing;
  json["extra_files"] = report.extra_files;
  json["flaws"] = Json::array();
  for (const Report::Flaw& flaw : report.flaws) json["flaws"].push_back(flaw_json(flaw));
  json["workers"] = Json::array();
  for (const Report::Worker& worker : report.workers) {
    json["workers"].push_back({{"rank", worker.rank.value},
                               {"host", worker.host},
                               {"directory", worker.directory},
                               {"chunks_written", worker.chunks_written},
                               {"bytes_written", worker.bytes_written.value},
                               {"chunks_corrupt", worker.chunks_corrupt},
                               {"ack_messages", worker.ack_messages}});
  }
  // Names may be no UTF-8; a report shows them as well as it can.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace mpiferry::cli

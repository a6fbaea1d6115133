#include "cli/output/report_json.hpp"

#include <optional>
#include <type_traits>
#include <vector>

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

Json discrepancy_json(const Report::Discrepancy& found) {
  Json json{{"kind", discrepancy_name(found.kind)}};
  if (found.chunk) json["chunk"] = found.chunk->value;
  if (found.rank != kNoRank) json["rank"] = found.rank.value;
  if (!found.host.empty()) json["host"] = found.host;
  json["path"] = found.path;
  if (!found.detail.empty()) json["detail"] = found.detail;
  if (!found.call.empty()) json["call"] = found.call;
  if (found.system_errno != 0) json["errno"] = found.system_errno;
  return json;
}

Json worker_json(const Report::Worker& worker) {
  return {{"rank", worker.rank.value},
          {"host", worker.host},
          {"directory", worker.directory},
          {"chunks_written", worker.chunks_written},
          {"bytes_written", worker.bytes_written.value},
          {"chunks_corrupt", worker.chunks_corrupt},
          {"ack_messages", worker.ack_messages}};
}

Json counts_json(const Report& report, const std::string& profile) {
  return {{"source", report.source},
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
          {"mpi_tests", report.mpi_tests}};
}

template <class T>
Json list_json(const std::vector<T>& list, Json (*one)(const T&)) {
  Json json = Json::array();
  for (const T& entry : list) json.push_back(one(entry));
  return json;
}

}  // namespace

void add_verdict(Json& json, Errc verdict, const std::optional<Failure>& failure) {
  json["verdict"] = error_name(verdict);
  json["class"] = class_name(error_class(verdict));
  json["exit_code"] = exit_code(verdict);
  if (failure) json["error"] = error_json(*failure);
}

std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_json(const Report& report, const std::string& profile) {
  Json json{{"schema", kReportSchema}, {"command", report.command}};
  add_verdict(json, report.verdict, report.failure);
  json.update(counts_json(report, profile));
  json["warnings"] = list_json(report.warnings, error_json);
  if (!report.target.empty()) json["target"] = report.target;
  json["chunks_missing"] = report.chunks_missing;
  json["chunks_damaged"] = report.chunks_damaged;
  json["chunks_differing"] = report.chunks_differing;
  json["extra_files"] = report.extra_files;
  json["flaws"] = list_json(report.discrepancies, discrepancy_json);
  json["workers"] = list_json(report.workers, worker_json);
  return json_text(json);
}

}  // namespace mpiferry::cli

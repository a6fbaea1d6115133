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

Json discrepancy_json(const Discrepancy& found) {
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

Json worker_json(const JobReport::Worker& worker) {
  return {{"rank", worker.rank.value},
          {"host", worker.host},
          {"directory", worker.directory},
          {"chunks_written", worker.chunks_written},
          {"bytes_written", worker.bytes_written.value},
          {"chunks_corrupt", worker.chunks_corrupt},
          {"ack_messages", worker.ack_messages}};
}

template <class T>
Json list_json(const std::vector<T>& list, Json (*one)(const T&)) {
  Json json = Json::array();
  for (const T& entry : list) json.push_back(one(entry));
  return json;
}

// What the report of every operation has; each adds its own behind it.
Json common_json(std::string_view command, const JobReport& job, const TransferReport& transfer) {
  Json json{{"schema", kReportSchema}, {"command", command}};
  add_verdict(json, job.verdict, job.failure);
  json.update(Json{
      {"source", transfer.source},
      {"directory", transfer.directory},
      {"source_bytes", or_null(transfer.source_size)},
      {"chunk_size", transfer.chunk_size.value},
      {"chunks", or_null(transfer.chunks)},
      {"digest_xxh128", transfer.digest ? Json(wire::to_hex(*transfer.digest)) : Json(nullptr)},
      {"chunks_written", transfer.chunks_written},
      {"chunks_corrupt", transfer.chunks_corrupt},
      {"chunks_resent", transfer.chunks_resent},
      {"bytes_written", transfer.bytes_written.value},
      {"seconds", seconds(job.elapsed)},
      {"transfer_seconds", seconds(job.transfer_time)},
      {"gigabytes_per_second", gigabytes_per_second(transfer.bytes_written, job.transfer_time)},
      {"window", transfer.window},
      {"peak_in_flight_per_worker", transfer.peak_in_flight},
      {"master_buffers", transfer.buffers},
      {"peak_master_buffers", transfer.peak_buffers},
      {"mpi_tests", job.mpi_tests},
      {"warnings", list_json(job.warnings, error_json)},
      {"workers", list_json(job.workers, worker_json)}});
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

std::string to_json(const ScatterReport& report, const std::string& profile) {
  Json json = common_json("scatter", report.job, report.transfer);
  json.update(Json{{"discard", report.discard},
                   {"resume", report.resume},
                   {"chunks_sent", report.chunks_sent},
                   {"chunks_kept", report.chunks_kept},
                   {"bytes_kept", report.bytes_kept.value},
                   {"chunks_moved", report.chunks_moved},
                   {"profile", profile.empty() ? Json(nullptr) : Json(profile)}});
  return json_text(json);
}

std::string to_json(const GatherReport& report) {
  Json json = common_json("gather", report.job, report.transfer);
  json["target"] = report.target;
  return json_text(json);
}

std::string to_json(const VerifyReport& report) {
  Json json = common_json("verify", report.job, report.transfer);
  json.update(Json{{"chunks_missing", report.chunks_missing},
                   {"chunks_damaged", report.chunks_damaged},
                   {"chunks_differing", report.chunks_differing},
                   {"extra_files", report.extra_files},
                   {"discrepancies", list_json(report.discrepancies, discrepancy_json)}});
  return json_text(json);
}

}  // namespace mpiferry::cli

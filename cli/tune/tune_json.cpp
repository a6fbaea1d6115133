#include "cli/tune/tune_json.hpp"

#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/output/report_json.hpp"
#include "cli/tune/profile.hpp"

namespace mpiferry::cli {
namespace {

using Json = nlohmann::ordered_json;

Json tuning_json(const Tuning& tuning) {
  return {{"chunk_size", tuning.chunk_size.value}, {"window", tuning.window}};
}

// What both files have.
Json measured_json(const TuneReport& report) {
  const TuneResult& result = report.result;
  Json json{
      {"version", report.version},
      {"date", report.date},
      {"ranks", result.ranks},
      {"hosts", result.hosts},
      {"source",
       {{"directory", report.arguments.source_directory},
        {"file_system", result.source_file_system}}},
      {"destination",
       {{"pattern", report.arguments.destination},
        {"file_systems", result.destination_file_systems}}},
      {"fsync", report.arguments.fsync},
      {"sample_bytes", report.arguments.size.value},
      {"noise", report.choice ? Json(report.choice->noise) : Json(nullptr)},
      {"too_noisy", report.choice && report.choice->too_noisy},
      {"default", tuning_json(default_tuning(report.arguments.fsync))},
      {"cases", Json::array()},
      {"left_out", Json::array()},
  };
  for (const TuningFigure& figure : result.figures) {
    Json row = tuning_json(figure.tuning);
    row.update({{"gigabytes_per_second", figure.median()},
                {"lowest", figure.lowest()},
                {"highest", figure.highest()},
                {"measurements", figure.speeds.size()}});
    json["cases"].push_back(std::move(row));
  }
  const auto leave_out = [&json](const std::vector<Tuning>& list, const char* why) {
    for (const Tuning& tuning : list) {
      Json row = tuning_json(tuning);
      row["why"] = why;
      json["left_out"].push_back(std::move(row));
    }
  };
  leave_out(result.no_time, "time");
  leave_out(result.too_few, "size");
  return json;
}

}  // namespace

std::string tune_json(const TuneReport& report) {
  const TuneResult& result = report.result;
  Json json{{"schema", kTuneSchema}};
  add_verdict(json, result.verdict, result.failure);
  const bool done = report.choice.has_value();
  const Tuning chosen = done ? result.figures[report.choice->chosen].tuning : Tuning{};
  json.update({{"complete", done && result.measurements == result.planned},
               {"chunk_size", done ? Json(chosen.chunk_size.value) : Json(nullptr)},
               {"window", done ? Json(chosen.window) : Json(nullptr)},
               {"keep_defaults", done ? Json(report.choice->keeps_default) : Json(nullptr)},
               {"profile", report.profile.empty() ? Json(nullptr) : Json(report.profile)}});
  json.update(measured_json(report));
  return json_text(json);
}

std::string profile_json(const TuneReport& report) {
  Json json{{"schema", kProfileSchema}};
  json.update(tuning_json(report.result.figures[report.choice->chosen].tuning));
  json.update(measured_json(report));
  return json_text(json);
}

}  // namespace mpiferry::cli

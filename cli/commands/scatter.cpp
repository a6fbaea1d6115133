#include <cstdio>
#include <string>
#include <utility>

#include "cli/commands/commands.hpp"
#include "cli/commands/run_job.hpp"
#include "cli/output/report_json.hpp"
#include "cli/output/report_text.hpp"
#include "cli/process/message.hpp"
#include "cli/tune/profile.hpp"
#include "engine/api/run.hpp"
#include "engine/mpi/environment.hpp"

namespace mpiferry::cli {
namespace {

struct Scatter {
  using Report = ScatterReport;
  static constexpr int kMinRanks = 2;
  static constexpr const char* kUsage = "scatter SOURCE [DEST]";
  static constexpr const char* kWork = kFileTransfer;

  bool takes_standard_output() const { return false; }

  // A profile that cannot be used ends the job before it begins.
  Outcome prepare(const Output& output) {
    const auto use = apply_profile(arguments);
    if (!use) return use.error();
    print_warnings(output, use->warning);
    profile = use->file;
    return Nothing{};
  }
  ScatterReport run(Observer& observer) const {
    return mpiferry::scatter(mpi::Environment::world(), arguments.options, observer);
  }
  ScatterReport empty_report() const { return {.transfer = {.source = arguments.options.source}}; }
  Summary summary(const ScatterReport& report) const {
    const auto& failure = report.job.failure;
    return {.warnings = warnings_text(report),
            .text = failure ? error_text(*failure) + how_far_text(report)
                            : success_text(report, profile),
            .json = to_json(report, profile)};
  }

  ScatterArguments arguments;
  std::string profile = {};  // the file that the chunk size or the window came from
};

}  // namespace

int scatter(const ScatterArguments& arguments, const Launcher& launcher) {
  if (arguments.options.source == "-" && !arguments.quiet) {
    print(stderr, launcher.standard_input_warning());
  }
  run_job(Scatter{arguments}, launcher);
}

}  // namespace mpiferry::cli

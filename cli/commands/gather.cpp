#include "cli/commands/commands.hpp"
#include "cli/commands/run_job.hpp"
#include "cli/output/report_json.hpp"
#include "cli/output/report_text.hpp"
#include "cli/output/retrieval_text.hpp"
#include "engine/api/run.hpp"
#include "engine/mpi/environment.hpp"

namespace mpiferry::cli {
namespace {

struct Gather {
  using Report = GatherReport;
  static constexpr int kMinRanks = 1;
  static constexpr const char* kUsage = "gather DIR FILE";
  static constexpr const char* kWork = kFileTransfer;

  bool takes_standard_output() const { return is_standard_output(arguments.options.target); }
  Outcome prepare(const Output& /*output*/) const { return Nothing{}; }
  GatherReport run(Observer& observer) const {
    return mpiferry::gather(mpi::Environment::world(), arguments.options, observer);
  }
  GatherReport empty_report() const { return {.target = arguments.options.target}; }
  Summary summary(const GatherReport& report) const {
    const auto& failure = report.job.failure;
    return {.warnings = warnings_text(report.job),
            .text = failure ? error_text(*failure) : gathered_text(report),
            .json = to_json(report)};
  }

  GatherArguments arguments;
};

}  // namespace

int gather(const GatherArguments& arguments, const Launcher& launcher) {
  run_job(Gather{arguments}, launcher);
}

}  // namespace mpiferry::cli

#include "cli/commands/commands.hpp"
#include "cli/commands/run_job.hpp"
#include "cli/output/report_json.hpp"
#include "cli/output/report_text.hpp"
#include "cli/output/retrieval_text.hpp"
#include "engine/api/run.hpp"
#include "engine/mpi/environment.hpp"

namespace mpiferry::cli {
namespace {

struct Verify {
  using Report = VerifyReport;
  static constexpr int kMinRanks = 1;
  static constexpr const char* kUsage = "verify DIR";
  static constexpr const char* kWork = kVerification;

  bool takes_standard_output() const { return false; }
  Outcome prepare(const Output& /*output*/) const { return Nothing{}; }
  VerifyReport run(Observer& observer) const {
    return mpiferry::verify(mpi::Environment::world(), arguments.options, observer);
  }
  VerifyReport empty_report() const { return {.against = arguments.options.against}; }
  // What was wrong or, if nothing was, what was done.
  Summary summary(const VerifyReport& report) const {
    const auto& failure = report.job.failure;
    return {.warnings = warnings_text(report.job),
            .text = discrepancies_text(report) +
                    (failure ? error_text(*failure) : verified_text(report)),
            .json = to_json(report)};
  }

  VerifyArguments arguments;
};

}  // namespace

int verify(const VerifyArguments& arguments, const Launcher& launcher) {
  run_job(Verify{arguments}, launcher);
}

}  // namespace mpiferry::cli

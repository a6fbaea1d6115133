// Which options have their values from the environment: who reads of a wrong one must know where to
// mend it. And which variables look as if they gave a value, and do not.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's own
class App;
}

namespace mpiferry {
struct Failure;
}

namespace mpiferry::cli {

class CommandLine;

class OptionOrigins {
 public:
  OptionOrigins() = default;
  // Of the options of `command`, one of those of `app`, on this command line, in the environment as
  // it is now.
  OptionOrigins(const CLI::App& app, const CLI::App& command, const CommandLine& line);

  // "--window is set by MPIFERRY_WINDOW in the environment", for each such option that `message`
  // names; nothing if it names none.
  std::string hint(std::string_view message) const;
  // Adds that to the hint of a failure that is about options.
  void explain(Failure& failure) const;
  // "mpiferry: warning: MPIFERRY_CHUNKSIZE in the environment is not an option; did you mean
  // MPIFERRY_CHUNK_SIZE?", a line for each such variable. Those of other commands are known.
  const std::string& warning() const noexcept { return warning_; }

 private:
  std::vector<std::pair<std::string, std::string>> from_environment_;  // option, variable
  std::string warning_;
};

}  // namespace mpiferry::cli

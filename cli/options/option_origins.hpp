// MPIFERRY_* in the environment: which variable gives which option its value, so that a message
// about a wrong value names the place to correct; and which variables look like one and are none.
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

// "--chunk-size" is MPIFERRY_CHUNK_SIZE in the environment, for this command and no other. To be
// called when the command has all its options.
void read_from_environment(CLI::App& command);

class OptionOrigins {
 public:
  OptionOrigins() = default;
  // The origins of the options of `command`, a command of `app`, given this command line and the
  // environment as it is now.
  OptionOrigins(const CLI::App& app, const CLI::App& command, const CommandLine& line);

  // "--window is set by MPIFERRY_WINDOW in the environment", for each such option that `message`
  // names; empty if it names none.
  std::string hint(std::string_view message) const;
  // Adds this to the hint of a failure that is about options.
  void explain(Failure& failure) const;
  // "mpiferry: warning: MPIFERRY_CHUNKSIZE in the environment is not an option; did you mean
  // MPIFERRY_CHUNK_SIZE?", a line for each such variable. Variables of other commands are known.
  const std::string& warning() const noexcept { return warning_; }

 private:
  std::vector<std::pair<std::string, std::string>> from_environment_;  // option, variable
  std::string warning_;
};

}  // namespace mpiferry::cli

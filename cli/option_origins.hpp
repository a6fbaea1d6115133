// Which options have their values from the environment: who reads of a wrong one must know where to
// mend it.
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

class OptionOrigins {
 public:
  OptionOrigins() = default;
  // Of the options of `command` on this command line, in the environment as it is now.
  OptionOrigins(const CLI::App& command, int argc, const char* const* argv);

  // "--window is set by MPIFERRY_WINDOW in the environment", for each such option that `message`
  // names; nothing if it names none.
  std::string hint(std::string_view message) const;
  // Adds that to the hint of a failure that is about options.
  void explain(Failure& failure) const;

 private:
  std::vector<std::pair<std::string, std::string>> from_environment_;  // option, variable
};

}  // namespace mpiferry::cli

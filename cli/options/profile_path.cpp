#include "cli/options/profile_path.hpp"

#include <cerrno>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "cli/process/environment.hpp"

namespace mpiferry::cli {
namespace {

std::string absolute_path_in(const char* variable) {
  const char* const value = environment_value(variable);
  return value != nullptr && value[0] == '/' ? value : "";
}

}  // namespace

std::string default_profile_path() {
  constexpr const char* kName = "/mpiferry/profile.json";
  if (const std::string config = absolute_path_in("XDG_CONFIG_HOME"); !config.empty()) {
    return config + kName;
  }
  const std::string home = absolute_path_in("HOME");
  // A HOME that does not exist is nobody's home (a service's, say), and not ours to make.
  std::error_code ignored;
  const auto type = std::filesystem::status(home, ignored).type();
  const bool missing =
      type == std::filesystem::file_type::not_found || type == std::filesystem::file_type::regular;
  return home.empty() || missing ? "" : home + "/.config" + kName;
}

std::string profile_path(const std::string& option) {
  if (option == kProfileNone) return {};
  return option == kProfileAuto ? default_profile_path() : option;
}

ProfileDirectories::~ProfileDirectories() {
  for (; !made_.empty(); made_.pop_back()) ::rmdir(made_.back().c_str());
}

Outcome ProfileDirectories::make(const std::string& profile) {
  for (std::size_t slash = profile.find('/', 1); slash != std::string::npos;
       slash = profile.find('/', slash + 1)) {
    const std::string directory = profile.substr(0, slash);
    struct stat status {};
    // If it is no directory, opening the profile fails and says so.
    if (::stat(directory.c_str(), &status) == 0) continue;
    // 0700: the XDG base directories are nobody else's to read.
    if (::mkdir(directory.c_str(), 0700) == 0) {
      made_.push_back(directory);
    } else if (errno != EEXIST) {
      return Failure{.code = Errc::report_write_failed,
                     .path = directory,
                     .call = "mkdir",
                     .system_errno = errno,
                     .detail = "cannot make the directory of the default profile",
                     .hint = "name a file with --profile FILE, or give --profile none"};
    }
  }
  return Nothing{};
}

}  // namespace mpiferry::cli

// Where the profile is that `mpiferry tune` writes and `mpiferry scatter` reads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

namespace mpiferry::cli {

// What --profile says for the default path, and for no profile at all.
inline constexpr std::string_view kProfileAuto = "auto";
inline constexpr std::string_view kProfileNone = "none";

// $XDG_CONFIG_HOME/mpiferry/profile.json, else $HOME/.config/mpiferry/profile.json if HOME exists;
// nothing if neither variable has an absolute path.
std::string default_profile_path();
// The path that --profile stands for. Empty: no profile, or there is no default path.
std::string profile_path(const std::string& option);

// The directories above the default path. Makes those that are missing, and removes them again
// unless the profile was written.
class ProfileDirectories {
 public:
  ProfileDirectories() = default;
  ProfileDirectories(const ProfileDirectories&) = delete;
  ProfileDirectories& operator=(const ProfileDirectories&) = delete;
  ~ProfileDirectories();

  // report_write_failed with the directory that cannot be made.
  Outcome make(const std::string& profile);
  void keep() noexcept { made_.clear(); }

 private:
  std::vector<std::string> made_;  // the deepest last
};

}  // namespace mpiferry::cli

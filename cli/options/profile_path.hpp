// The directories above the profile's default place.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.hpp"

namespace mpiferry::cli {

// Makes those that are missing, and removes them again unless the profile came to be there.
class ProfilePlace {
 public:
  ProfilePlace() = default;
  ProfilePlace(const ProfilePlace&) = delete;
  ProfilePlace& operator=(const ProfilePlace&) = delete;
  ~ProfilePlace();

  // Of the file `path`. report_write_failed with the directory that cannot be made.
  Outcome make_parents(const std::string& path);
  void keep() noexcept { made_.clear(); }

 private:
  std::vector<std::string> made_;  // the deepest last
};

}  // namespace mpiferry::cli

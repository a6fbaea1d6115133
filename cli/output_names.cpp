#include "cli/output_names.hpp"

#include <filesystem>
#include <system_error>

namespace mpiferry::cli {
namespace fs = std::filesystem;
namespace {

// Without links as far as it is there; empty if that is not known.
fs::path whole(const fs::path& name) {
  std::error_code unknown;
  fs::path place = fs::weakly_canonical(fs::absolute(name, unknown), unknown);
  return unknown ? fs::path{} : place;
}

}  // namespace

bool same_file(const std::string& one, const std::string& other) {
  if (one.empty() || other.empty()) return false;
  std::error_code ignored;
  if (fs::equivalent(one, other, ignored)) return true;
  const fs::path place = whole(one);
  return !place.empty() && place == whole(other);
}

}  // namespace mpiferry::cli

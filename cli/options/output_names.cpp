#include "cli/options/output_names.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "engine/base/failure.hpp"
#include "engine/disk/file_name.hpp"

namespace mpiferry::cli {
namespace fs = std::filesystem;
namespace {

// The path without links, as far as it exists; empty if it is unknown.
fs::path whole(const fs::path& name) {
  std::error_code unknown;
  fs::path place = fs::weakly_canonical(fs::absolute(name, unknown), unknown);
  return unknown ? fs::path{} : place;
}

// The directory that contains all those that a pattern with {rank} or {host} stands for.
fs::path before_placeholders(const std::string& pattern) {
  return fs::path{pattern.substr(0, pattern.find('{'))}.parent_path();
}

bool is_at_or_above(const fs::path& place, const fs::path& directory) {
  return std::ranges::mismatch(place, directory).in1 == place.end();
}

}  // namespace

bool same_file(const std::string& one, const std::string& other) {
  if (one.empty() || other.empty()) return false;
  std::error_code ignored;
  if (fs::equivalent(one, other, ignored)) return true;
  const fs::path place = whole(one);
  return !place.empty() && place == whole(other);
}

void check_output_name(const char* option, const std::string& name, const std::string& directory) {
  const fs::path place = whole(name);
  if (name.empty() || name == "-" || place.empty()) return;
  const auto refuse = [&](const char* why) {
    throw CLI::ValidationError{
        option, fmt::format("{} {}: name another file", mpiferry::quoted(name), why)};
  };
  // Upper and lower case are alike, as the file system may ignore case.
  const disk::FileKind kind = disk::file_kind(disk::in_our_spelling(place.filename().native()));
  if (kind == disk::FileKind::manifest || kind == disk::FileKind::job_lock) {
    refuse("is a name that mpiferry uses for its own files");
  }
  if (directory.empty()) return;
  if (directory.find('{') != std::string::npos) {
    const fs::path above = whole(fs::path{"."} / before_placeholders(directory));
    if (kind != disk::FileKind::foreign && is_at_or_above(above, place)) {
      refuse("is a name of the job's files, and may lie among them");
    }
    return;
  }
  if (is_at_or_above(place, whole(directory))) refuse("is the job's directory, or contains it");
  if (kind != disk::FileKind::foreign && place == whole(fs::path{directory} / place.filename())) {
    refuse("is a name of the job's files, and lies among them");
  }
}

}  // namespace mpiferry::cli

// Paths that lead to an open file and not to a name: /dev/stdout, /dev/fd/3, /proc/self/fd/1. What
// is open may well be a regular file; but whoever opened it goes on with that file, so nothing may
// be renamed over it.
#pragma once

#include <optional>
#include <string>

namespace mpiferry::disk {

struct DescriptorPath {
  int number = -1;
  bool own = false;  // of this process
};

// Nothing if `path` leads to a name. Links on the way are followed. It need not be open.
std::optional<DescriptorPath> descriptor_path(const std::string& path);

// "-" for a path that leads to this process's standard output, else the path itself.
std::string dash_for_standard_output(std::string path);

}  // namespace mpiferry::disk

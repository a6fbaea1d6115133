#include "engine/base/path.hpp"

namespace mpiferry {

std::string_view without_slashes(std::string_view path) noexcept {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

std::string_view last_name(std::string_view path) noexcept {
  path = without_slashes(path);
  return path.substr(path.rfind('/') + 1);
}

std::string path_in(std::string_view directory, std::string_view name) {
  directory = without_slashes(directory);
  std::string path;
  if (directory != ".") path = directory;
  if (!path.empty() && path.back() != '/') path += '/';
  return path += name;
}

}  // namespace mpiferry

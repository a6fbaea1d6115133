#include "engine/base/path.hpp"

namespace mpiferry {

std::string path_in(std::string_view directory, std::string_view name) {
  while (directory.size() > 1 && directory.ends_with('/')) directory.remove_suffix(1);
  std::string path;
  if (directory != ".") path = directory;
  if (!path.empty() && path.back() != '/') path += '/';
  return path += name;
}

}  // namespace mpiferry

#include "cli/process/read_file.hpp"

#include <fstream>
#include <sstream>

namespace mpiferry::cli {

std::string text_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  text << file.rdbuf();  // does not throw when a read fails, which iterators of the buffer do
  return text.str();
}

}  // namespace mpiferry::cli

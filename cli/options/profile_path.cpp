#include "cli/options/profile_path.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace mpiferry::cli {

ProfilePlace::~ProfilePlace() {
  for (; !made_.empty(); made_.pop_back()) ::rmdir(made_.back().c_str());
}

Outcome ProfilePlace::make_parents(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string directory = path.substr(0, slash);
    struct stat status {};
    if (::stat(directory.c_str(), &status) == 0)
      continue;  // the file's open says what is no directory
    // The XDG base directories are nobody else's to read.
    if (::mkdir(directory.c_str(), 0700) == 0) {
      made_.push_back(directory);
    } else if (errno != EEXIST) {
      return Failure{.code = Errc::report_write_failed,
                     .path = directory,
                     .call = "mkdir",
                     .system_errno = errno,
                     .detail = "the directory of the default profile cannot be made",
                     .hint = "name a file with --profile FILE, or give --profile none"};
    }
  }
  return Nothing{};
}

}  // namespace mpiferry::cli

#include "cli/tune/borrowed_directory.hpp"

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#include "engine/disk/destination_failure.hpp"

namespace mpiferry::cli {
namespace {

// Ranks that remove the same directory stumble over each other, and go on.
constexpr int kWriteTries = 50;
constexpr std::chrono::milliseconds kPause{10};

bool is_there(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

}  // namespace

BorrowedDirectory::BorrowedDirectory(std::string path) : path_(std::move(path)) {
  std::string_view above{path_};
  for (std::size_t slash = above.rfind('/'); slash != std::string_view::npos && slash > 0;
       slash = above.rfind('/')) {
    above = above.substr(0, slash);
    std::string parent{above};
    if (is_there(parent)) break;
    missing_.push_back(std::move(parent));
  }
}

Outcome BorrowedDirectory::give_back() noexcept {
  std::error_code error;
  for (int tries = 0; tries < kWriteTries && is_there(path_); ++tries) {
    if (tries > 0) std::this_thread::sleep_for(kPause);
    std::filesystem::remove_all(path_, error);
  }
  if (is_there(path_)) {
    return disk::destination_failure(Errc::dest_write_failed, path_, "unlink", error.value());
  }
  for (const std::string& directory : missing_) {
    if (::rmdir(directory.c_str()) != 0 && errno != ENOENT) break;
  }
  return Nothing{};
}

}  // namespace mpiferry::cli

#include "cli/report_file.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <fmt/format.h>

#include "engine/disk/unique_name.hpp"

namespace mpiferry::cli {
namespace fs = std::filesystem;

ReportFile::~ReportFile() {
  if (!part_.empty()) std::remove(part_.c_str());
}

Failure ReportFile::failure(const std::string& path, const char* call) const {
  return {.code = Errc::report_write_failed,
          .path = path,
          .call = call,
          .system_errno = errno,
          .detail = fmt::format("the {} ({}) cannot be written", kind_.name, kind_.option)};
}

bool ReportFile::direct() const {
  std::error_code error;
  const fs::file_status status = fs::status(path_, error);
  return path_ == "-" || (kind_.streams && (fs::is_fifo(status) || fs::is_character_file(status)));
}

Outcome ReportFile::check_replaceable() const {
  std::error_code error;
  if (!fs::exists(path_, error)) return Nothing{};
  if (!fs::is_regular_file(path_, error)) {
    return Failure{.code = Errc::invalid_argument,
                   .path = path_,
                   .detail = fmt::format("the {} ({}) cannot go to {}", kind_.name, kind_.option,
                                         fs::is_block_file(path_, error)
                                             ? "a block device, whose content would be lost"
                                             : "what is no regular file"),
                   .hint = fmt::format("name a file for the {}", kind_.name)};
  }
  if (fs::file_size(path_, error) == 0) return Nothing{};
  std::ifstream file{path_, std::ios::binary};
  std::string head(64, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  if (head.find(kind_.schema) != std::string::npos) return Nothing{};
  return Failure{.code = Errc::invalid_argument,
                 .path = path_,
                 .detail = fmt::format("{} would replace it, and it is not a {} of mpiferry",
                                       kind_.option, kind_.name),
                 .hint = fmt::format("remove that file, or name another for the {}", kind_.name)};
}

Outcome ReportFile::prepare() {
  if (path_.empty()) return Nothing{};
  Outcome made = make_part();
  if (!made) path_.clear();
  return made;
}

Outcome ReportFile::make_part() {
  std::error_code ignored;
  if (direct()) {
    if (!fs::is_fifo(path_, ignored)) return Nothing{};
    // Opening a FIFO that nobody reads would wait for ever.
    const int reader = ::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (reader < 0) return failure(path_, "open");
    ::close(reader);
    return Nothing{};
  }
  if (fs::is_directory(path_, ignored)) {
    errno = EISDIR;
    return failure(path_, "open");
  }
  if (Outcome free = check_replaceable(); !free) return free;
  // A link stays one: what it points to is replaced.
  if (fs::is_symlink(path_, ignored)) {
    std::error_code dangling;
    const fs::path target = fs::canonical(path_, dangling);
    if (dangling) {
      errno = dangling.value();
      return failure(path_, "open");
    }
    path_ = target;
  }
  const std::string part = disk::unique_name(path_ + ".") + ".part";
  const int made = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (made < 0) return failure(path_, "open");
  ::close(made);
  part_ = part;
  return Nothing{};
}

Outcome ReportFile::publish(const std::string& text) {
  if (path_.empty()) return Nothing{};
  errno = 0;
  if (path_ == "-") {
    const bool written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
    return written ? Outcome{Nothing{}} : Outcome{failure("standard output", "write")};
  }
  const bool in_place = direct();
  if (!in_place && part_.empty()) {
    if (Outcome prepared = prepare(); !prepared) return prepared;
  }
  const std::string& target = in_place ? path_ : part_;
  std::ofstream file{target, std::ios::binary | std::ios::trunc};
  file << text;
  file.close();
  if (!file) return failure(path_, "write");
  if (in_place) return Nothing{};
  // What lies there may have come meanwhile: the manifest of the very job, for example.
  if (Outcome free = check_replaceable(); !free) return free;
  if (std::rename(part_.c_str(), path_.c_str()) != 0) return failure(path_, "rename");
  part_.clear();
  return Nothing{};
}

}  // namespace mpiferry::cli

#include "cli/report_file.hpp"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <span>
#include <unistd.h>

#include <fmt/format.h>

#include "engine/disk/stream_target.hpp"
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

bool ReportFile::direct() const { return disk::is_stream_target(path_); }

Outcome ReportFile::check_replaceable() const {
  std::error_code error;
  if (!fs::exists(path_, error) || fs::file_size(path_, error) == 0) return Nothing{};
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
  if (path_ != "-" && fs::is_fifo(path_, ignored)) {
    // Opening a FIFO that nobody reads would wait for ever.
    const int reader = ::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (reader < 0) return failure(path_, "open");
    ::close(reader);
  }
  if (direct()) return Nothing{};
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
  if (direct()) return pour(text);
  if (part_.empty()) {
    if (Outcome prepared = prepare(); !prepared) return prepared;
  }
  std::ofstream file{part_, std::ios::binary | std::ios::trunc};
  file << text;
  file.close();
  if (!file) return failure(path_, "write");
  // What lies there may have come meanwhile: the manifest of the very job, for example.
  if (Outcome free = check_replaceable(); !free) return free;
  if (std::rename(part_.c_str(), path_.c_str()) != 0) return failure(path_, "rename");
  part_.clear();
  return Nothing{};
}

// Into what is there and stays what it is.
Outcome ReportFile::pour(const std::string& text) const {
  auto stream = disk::StreamTarget::open(path_, Bytes{text.size()}, /*force=*/false);
  if (!stream) {
    errno = stream.error().system_errno;
    Failure refused = failure(path_, "open");
    if (!stream.error().detail.empty()) refused.detail += ": " + stream.error().detail;
    return refused;
  }
  const std::atomic<bool> stop = false;
  disk::WriteError error = stream->write(std::as_bytes(std::span{text}), stop);
  if (!error) error = stream->finish(/*durable=*/false);
  errno = error.system_errno;
  return error ? Outcome{failure(path_, "write")} : Outcome{Nothing{}};
}

}  // namespace mpiferry::cli

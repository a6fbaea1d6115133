#include "cli/output/report_file.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/file_stamp.hpp"
#include "engine/disk/unique_name.hpp"
#include "engine/posix/descriptor_path.hpp"
#include "engine/posix/posix_storage.hpp"

namespace mpiferry::cli {
namespace fs = std::filesystem;
namespace {

std::string_view output_hint(int system_errno) noexcept {
  switch (system_errno) {
    case ENOENT:
      return "its directory does not exist: create it, or name another file";
    case ENOTDIR:
      return "a file is in the way: move it, or name another file";
    case EISDIR:
      return "a directory has this name: name another file";
    case EACCES:
    case EPERM:
      return "check the permissions there, or name another file";
    case EROFS:
      return "the file system is read-only: name a file elsewhere";
    case ENOSPC:
    case EDQUOT:
      return "free some space there, or name a file elsewhere";
    case ENAMETOOLONG:
      return "choose a shorter name";
    case ELOOP:
      return "the symbolic links form a loop: name the file itself";
    default:
      return disk::destination_hint(system_errno);
  }
}

}  // namespace

Failure output_failure(std::string path, std::string_view call, int system_errno,
                       std::string detail) {
  return {.code = Errc::report_write_failed,
          .path = std::move(path),
          .call = std::string{call},
          .system_errno = system_errno,
          .detail = std::move(detail),
          .hint = std::string{output_hint(system_errno)}};
}

void ReportFile::remove_partial() noexcept {
  if (!part_.empty()) ::unlink(part_.c_str());
  part_.clear();
}

Failure ReportFile::failure(const std::string& path, const char* call, int system_errno) const {
  return output_failure(path, call, system_errno,
                        fmt::format("the {} ({}) cannot be written", kind_.name, kind_.option));
}

bool ReportFile::is_stream() const {
  std::error_code error;
  const fs::file_status status = fs::status(path_, error);
  return kind_.streams && (fs::is_fifo(status) || fs::is_character_file(status) ||
                           posix::descriptor_path(path_).has_value());
}

Outcome ReportFile::check_replaceable() const {
  std::error_code error;
  if (!fs::exists(path_, error)) return Nothing{};
  if (fs::is_directory(path_, error)) return failure(path_, "open", EISDIR);
  if (!fs::is_regular_file(path_, error)) {
    return Failure{.code = Errc::invalid_argument,
                   .path = path_,
                   .detail = fmt::format("cannot write the {} ({}) to {}", kind_.name, kind_.option,
                                         fs::is_block_file(path_, error)
                                             ? "a block device, whose content would be lost"
                                             : "something that is not a regular file"),
                   .hint = fmt::format("name a file for the {}", kind_.name)};
  }
  if (fs::file_size(path_, error) == 0) return Nothing{};
  std::ifstream file{path_, std::ios::binary};
  std::string head(64, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  if (head.find(kind_.schema) != std::string::npos) return Nothing{};
  return Failure{.code = Errc::invalid_argument,
                 .path = path_,
                 .detail = fmt::format("{} would replace this file, which is not a {} of mpiferry",
                                       kind_.option, kind_.name),
                 .hint = fmt::format("remove that file, or name another for the {}", kind_.name)};
}

Outcome ReportFile::prepare() {
  if (path_.empty() || path_ == "-") return Nothing{};
  Outcome opened = open();
  if (!opened) path_.clear();
  return opened;
}

Outcome ReportFile::open() {
  if (is_stream()) return open_stream();
  if (posix::descriptor_path(path_)) {  // a file that a shell has open must not be replaced
    Failure refused = failure(path_, "open", 0);
    refused.code = Errc::invalid_argument;
    refused.hint = fmt::format("name a file for the {}", kind_.name);
    return refused;
  }
  std::error_code ignored;
  if (Outcome free = check_replaceable(); !free) return free;
  // A link stays a link: its target is replaced.
  if (fs::is_symlink(path_, ignored)) {
    std::error_code dangling;
    const fs::path target = fs::canonical(path_, dangling);
    if (dangling) {
      Failure failed = failure(path_, "open", dangling.value());
      if (failed.system_errno != ENOENT) return failed;
      failed.detail += ": a symbolic link to nothing";
      failed.hint = "remove the link, or create its target";
      return failed;
    }
    path_ = target;
  }
  return open_partial();
}

// O_NONBLOCK: opening a FIFO that nobody reads would wait for ever. Writing may wait for the
// reader.
// O_APPEND: the file of another process may be a regular file.
Outcome ReportFile::open_stream() {
  const auto opened = posix::descriptor_path(path_);
  if (opened && opened->own) {
    const int flags = ::fcntl(opened->number, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY) return failure(path_, "write", EBADF);
    file_ = posix::Descriptor{::fcntl(opened->number, F_DUPFD_CLOEXEC, 0)};
    return file_ ? Outcome{Nothing{}} : Outcome{failure(path_, "fcntl", errno)};
  }
  const int appending = opened ? O_APPEND : 0;
  file_ = posix::Descriptor{
      ::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | appending)};
  const int flags = file_ ? ::fcntl(file_.get(), F_GETFL) : -1;
  if (flags < 0 || ::fcntl(file_.get(), F_SETFL, flags & ~O_NONBLOCK) != 0) {
    Failure failed = failure(path_, "open", errno);
    std::error_code ignored;
    if (failed.system_errno == ENXIO && fs::is_fifo(path_, ignored)) {
      failed.detail += ": nobody reads this FIFO";
      failed.hint = "start its reader before the job";
    }
    return failed;
  }
  return Nothing{};
}

Outcome ReportFile::open_partial() {
  // The name differs from those of a job's own parts, which it may lie beside.
  const std::string part = disk::unique_name(path_ + "-") + ".part";
  file_ = posix::Descriptor{
      ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666)};
  if (!file_) return failure(path_, "open", errno);
  part_ = part;
  return keep_attributes();
}

// Mode and owner of an earlier report, which may be private.
Outcome ReportFile::keep_attributes() {
  posix::PosixStorage storage;
  const auto stamp = disk::FileStamp::of_file(storage, path_);
  const int error = stamp ? stamp->put_on(storage, file_.get()) : 0;
  if (error == 0) return Nothing{};
  remove_partial();
  return failure(path_, "fchmod, fchown or futimens", error);
}

Outcome ReportFile::publish(const std::string& text) {
  if (path_ == "-") return print(text);
  if (!path_.empty() && !file_) {
    if (Outcome prepared = prepare(); !prepared) return prepared;
  }
  if (path_.empty()) return Nothing{};
  Outcome published = write(text);
  if (published && !part_.empty()) published = replace();
  remove_partial();  // the process may end without the destructor
  return published;
}

Outcome ReportFile::print(const std::string& text) const {
  errno = 0;
  const bool printed = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  return printed ? Outcome{Nothing{}} : Outcome{failure("standard output", "write", errno)};
}

Outcome ReportFile::write(const std::string& text) {
  std::string_view rest{text};
  while (!rest.empty()) {
    const ssize_t put = ::write(file_.get(), rest.data(), rest.size());
    if (put > 0) {
      rest.remove_prefix(static_cast<std::size_t>(put));
    } else if (put < 0 && errno == EAGAIN) {  // whoever opened it has set O_NONBLOCK
      pollfd entry{file_.get(), POLLOUT, 0};
      ::poll(&entry, 1, -1);
    } else if (put == 0 || errno != EINTR) {
      return failure(path_, "write", put == 0 ? ENOSPC : errno);
    }
  }
  const int error = file_.close();
  return error == 0 ? Outcome{Nothing{}} : Outcome{failure(path_, "close", error)};
}

// A file may have appeared there meanwhile. As the job is done, that is no usage error.
Outcome ReportFile::replace() {
  if (Outcome free = check_replaceable(); !free) {
    free.error().code = Errc::report_write_failed;
    return free;
  }
  if (std::rename(part_.c_str(), path_.c_str()) != 0) return failure(path_, "rename", errno);
  part_.clear();
  return Nothing{};
}

}  // namespace mpiferry::cli

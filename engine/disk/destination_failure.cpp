#include "engine/disk/destination_failure.hpp"

#include <cerrno>
#include <utility>

namespace mpiferry::disk {

std::string_view system_hint(int system_errno) noexcept {
  switch (system_errno) {
    case EMFILE:
      return "raise the limit of open files (ulimit -n)";
    case ENFILE:
      return "the host has no more open files: end programs there, or raise fs.file-max";
    case EIO:
    case ESTALE:
      return "the disk or the file server fails there: see the system log of that host";
    case ENOTCONN:
      return "the program that serves this file system (FUSE) has ended: unmount it and mount it "
             "again";
    case ENXIO:
    case ENODEV:
      return "no device or terminal is behind that name: name another file";
    default:
      return "";
  }
}

std::string_view destination_hint(int system_errno) noexcept {
  switch (system_errno) {
    case ENOTDIR:
      return "a file is in the way: move it, or name another destination";
    case EISDIR:
    case ENOTEMPTY:
      return "a directory is in the way: move it, or name another destination";
    case EACCES:
    case EPERM:
      return "check who may write there, or name another destination";
    case EROFS:
      return "the file system is read-only: name a destination elsewhere";
    case ENOSPC:
      return "free some space or inodes there, or name a destination elsewhere";
    case EDQUOT:
      return "free some of your quota there, or name a destination elsewhere";
    case EFBIG:
      return "raise the file size limit (ulimit -f)";
    case EBUSY:
      return "something is mounted there, or has it in use: name another destination";
    case EXDEV:
      return "a file system begins there: name another destination";
    case ENAMETOOLONG:
      return "choose a shorter name for the destination";
    case ELOOP:
      return "symbolic links go in a circle there: name the directory itself";
    case ENOENT:
      return "no file or directory can be made there: name another destination";
    case EPIPE:
      return "its reader went away: keep it until the job is over";
    default:
      return system_hint(system_errno);
  }
}

namespace {

std::string_view reader_hint(int system_errno) noexcept {
  switch (system_errno) {
    case ENOENT:
    case ENOTDIR:
      return "check the name, and that the job's files are still there";
    case EACCES:
    case EPERM:
      return "check who may read there";
    default:
      return system_hint(system_errno);
  }
}

}  // namespace

bool is_full(const Failure& failure) noexcept {
  return failure.system_errno == ENOSPC || failure.system_errno == EDQUOT;
}

bool is_limit_of_open_files(int system_errno) noexcept {
  return system_errno == EMFILE || system_errno == ENFILE;
}

Failure destination_failure(Errc code, std::string path, std::string_view call, int system_errno) {
  Failure failure;
  failure.code = code;
  failure.path = std::move(path);
  failure.call = call;
  failure.system_errno = system_errno;
  failure.hint = destination_hint(system_errno);
  return failure;
}

Failure stored_failure(std::string path, std::string_view call, int system_errno) {
  Failure failure = destination_failure(Errc::dest_unusable, std::move(path), call, system_errno);
  failure.hint = reader_hint(system_errno);
  return failure;
}

}  // namespace mpiferry::disk

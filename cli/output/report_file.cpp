#include "cli/output/report_file.hpp"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <span>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/file_stamp.hpp"
#include "engine/disk/link_target.hpp"
#include "engine/disk/unique_name.hpp"
#include "engine/disk/write_at.hpp"

namespace mpiferry::cli {
namespace fs = std::filesystem;
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span{text});
}

// What helps at a destination helps here, too, where it is called a file.
std::string output_hint(int system_errno) {
  if (system_errno == ENOENT)
    return "its directory does not exist: create it, or name another file";
  if (system_errno == ELOOP) return "the symbolic links form a loop: name the file itself";
  constexpr std::string_view kDestination = "destination";
  std::string hint{disk::destination_hint(system_errno)};
  const std::size_t at = hint.find(kDestination);
  return at == std::string::npos ? hint : hint.replace(at, kDestination.size(), "file");
}

}  // namespace

Failure output_failure(std::string path, std::string_view call, int system_errno,
                       std::string detail) {
  return {.code = Errc::report_write_failed,
          .path = std::move(path),
          .call = std::string{call},
          .system_errno = system_errno,
          .detail = std::move(detail),
          .hint = output_hint(system_errno)};
}

void ReportFile::remove_partial() noexcept {
  if (!part_.empty()) ::unlink(part_.c_str());
  part_.clear();
}

Failure ReportFile::failure(const std::string& path, const char* call, int system_errno) const {
  return output_failure(path, call, system_errno,
                        fmt::format("the {} ({}) cannot be written", kind_.name, kind_.option));
}

Failure ReportFile::failure(const Failure& at_destination) const {
  Failure out =
      failure(at_destination.path, at_destination.call.c_str(), at_destination.system_errno);
  if (!at_destination.detail.empty()) {
    out.detail += ": " + at_destination.detail;
    out.hint = at_destination.hint;
  }
  return out;
}

bool ReportFile::is_stream() const {
  std::error_code error;
  const fs::file_status status = fs::status(path_, error);
  return kind_.streams && (fs::is_fifo(status) || fs::is_character_file(status) || descriptor());
}

std::optional<storage::DescriptorPath> ReportFile::descriptor() const {
  return storage_.descriptor_path(path_);
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
  Outcome ready = open();
  // What this process was started with, such as standard error, is opened again to be written: it
  // is non-blocking for all who share it while it is open.
  if (const auto opened = descriptor(); opened && opened->own) stream_.reset();
  if (!ready) path_.clear();
  return ready;
}

Outcome ReportFile::open() {
  if (path_.empty() || path_ == "-") return Nothing{};
  if (is_stream()) return open_stream();
  if (descriptor()) {  // a file that a shell has open must not be replaced
    Failure refused = failure(path_, "open", 0);
    refused.code = Errc::invalid_argument;
    refused.hint = fmt::format("name a file for the {}", kind_.name);
    return refused;
  }
  if (Outcome free = check_replaceable(); !free) return free;
  // A link stays a link: its target is replaced.
  auto target = disk::link_target(storage_, path_);
  if (!target) return failure(target.error());
  path_ = *std::move(target);
  return open_partial();
}

Outcome ReportFile::open_stream() {
  auto opened = disk::StreamTarget::open(storage_, path_, 0_B, /*force=*/false);
  if (!opened) return failure(opened.error());
  stream_.emplace(*std::move(opened));
  return Nothing{};
}

Outcome ReportFile::open_partial() {
  // The name differs from those of a job's own parts, which it may lie beside.
  const std::string part = disk::unique_name(path_ + "-") + ".part";
  file_ = storage::File::open(storage_, AT_FDCWD, part.c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (!file_) return failure(path_, "open", errno);
  part_ = part;
  return keep_attributes();
}

// Mode and owner of an earlier report, which may be private.
Outcome ReportFile::keep_attributes() {
  const auto stamp = disk::FileStamp::of_file(storage_, path_);
  const int error = stamp ? stamp->put_on(storage_, file_.get()) : 0;
  if (error == 0) return Nothing{};
  remove_partial();
  return failure(path_, "fchmod, fchown or futimens", error);
}

Outcome ReportFile::publish(const std::string& text) {
  if (path_ == "-") return print(text);
  if (!stream_ && !file_) {
    if (Outcome ready = open(); !ready) return ready;
  }
  if (path_.empty()) return Nothing{};
  Outcome published = stream_ ? pour(text) : replace(text);
  remove_partial();  // the process may end without the destructor
  return published;
}

Outcome ReportFile::print(const std::string& text) const {
  errno = 0;
  const bool printed = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  return printed ? Outcome{Nothing{}} : Outcome{failure("standard output", "write", errno)};
}

Outcome ReportFile::pour(const std::string& text) {
  const std::atomic<bool> never = false;
  const disk::WriteError put = stream_->write(bytes_of(text), never);
  const disk::WriteError closed = stream_->finish(/*durable=*/false);
  stream_.reset();
  if (put) return failure(path_, "write", put.system_errno);
  if (closed) return failure(path_, "close", closed.system_errno);
  return Nothing{};
}

// A file may have appeared there meanwhile. As the job is done, that is no usage error.
Outcome ReportFile::replace(const std::string& text) {
  const int error = disk::write_at(storage_, file_.get(), -1, 0_B, bytes_of(text));
  if (error != 0) return failure(path_, "write", error);
  if (const int closed = file_.close(); closed != 0) return failure(path_, "close", closed);
  if (Outcome free = check_replaceable(); !free) {
    free.error().code = Errc::report_write_failed;
    return free;
  }
  if (std::rename(part_.c_str(), path_.c_str()) != 0) return failure(path_, "rename", errno);
  part_.clear();
  return Nothing{};
}

}  // namespace mpiferry::cli

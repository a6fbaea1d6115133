#include "engine/disk/stored_file.hpp"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <sys/stat.h>
#include <utility>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/read_at.hpp"
#include "engine/storage/file.hpp"

namespace mpiferry::disk {

StoredFile::StoredFile(storage::Storage& storage, std::string path, storage::File file,
                       Bytes size) noexcept
    : storage_(&storage), path_(std::move(path)), file_(std::move(file)), size_(size) {}

Result<StoredFile> StoredFile::open(const Directory& directory, std::string_view name) {
  std::string path = directory.path_of(name);
  // Never out of the directory, whatever a manifest says.
  if (name.empty() || name.find('/') != std::string_view::npos ||
      name.find('\0') != std::string_view::npos) {
    return stored_failure(std::move(path), "open", EINVAL);
  }
  storage::Storage& storage = directory.storage();
  auto file = storage::File::open(storage, directory.descriptor(), std::string{name}.c_str(),
                                  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (!file) {
    const int error = errno;
    Failure refused = stored_failure(std::move(path), "open", error);
    if (error == ELOOP) refused.detail = "a symbolic link, which no job has made";
    return refused;
  }
  struct stat status {};
  if (storage.stat(file.get(), status) != 0) return stored_failure(std::move(path), "fstat", errno);
  if (!S_ISREG(status.st_mode)) {
    const bool directory_there = S_ISDIR(status.st_mode);
    Failure refused = stored_failure(std::move(path), "open", directory_there ? EISDIR : 0);
    refused.detail = directory_there ? "a directory and no file" : "not a regular file";
    return refused;
  }
  storage.advise_sequential(file.get(), 0);
  return StoredFile{storage, std::move(path), std::move(file),
                    Bytes{static_cast<std::uint64_t>(status.st_size)}};
}

Outcome StoredFile::put(const FileStamp& stamp) const {
  const int error = stamp.put_on(*storage_, file_.get());
  if (error == 0) return Nothing{};
  return destination_failure(Errc::dest_write_failed, path_,
                             wire::call_name(wire::WriteCall::attributes), error);
}

Result<std::size_t> StoredFile::read(Bytes offset, std::span<std::byte> out) const {
  const ReadAt read = read_at(*storage_, file_.get(), offset, out);
  if (read.system_errno != 0) return stored_failure(path_, "pread", read.system_errno);
  return read.bytes;
}

}  // namespace mpiferry::disk

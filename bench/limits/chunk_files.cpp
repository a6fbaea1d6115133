#include "bench/limits/chunk_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <unistd.h>

#include "bench/limits/pages.hpp"
#include "bench/limits/processes.hpp"

namespace mpiferry::limits {
namespace {

using How = ChunkFiles::How;

[[noreturn]] void fail(const char* call, const std::filesystem::path& path) {
  throw std::system_error{errno, std::generic_category(), path.string() + ": " + call};
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_{value} {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int value() const { return value_; }

 private:
  int value_;
};

// What O_DIRECT wants of addresses and lengths, on any disk that is in use.
constexpr std::size_t kAlignment = 4096;

void write_all(int file, std::span<const std::byte> bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) fail("write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
}

void write_file(const ChunkFiles& files, int file, std::span<const std::byte> bytes,
                const std::filesystem::path& path) {
  const std::size_t tail = files.how == How::direct ? bytes.size() % kAlignment : 0;
  write_all(file, bytes.first(bytes.size() - tail), path);
  if (tail == 0) return;
  if (::fcntl(file, F_SETFL, ::fcntl(file, F_GETFL) & ~O_DIRECT) != 0) fail("fcntl", path);
  write_all(file, bytes.last(tail), path);
}

void write_own(const ChunkFiles& files, int index, const Descriptor& directory,
               std::span<const std::byte> buffer) {
  const auto step = static_cast<std::uint64_t>(files.writers);
  const int direct = files.how == How::direct ? O_DIRECT : 0;
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | direct;
  for (auto chunk = static_cast<std::uint64_t>(index); chunk < files.count(); chunk += step) {
    const std::string name = "chunk_" + std::to_string(chunk) + ".bin";
    const Descriptor file{::openat(directory.value(), name.c_str(), flags, 0666)};
    if (file.value() < 0) fail("open", files.directory / name);
    const auto length = std::min(files.chunk, files.bytes - chunk * files.chunk);
    write_file(files, file.value(), buffer.first(length), files.directory / name);
    if (files.how == How::fsync && ::fsync(file.value()) != 0)
      fail("fsync", files.directory / name);
  }
  if (files.how == How::fsync && ::fsync(directory.value()) != 0) fail("fsync", files.directory);
  if (files.how == How::direct && ::syncfs(directory.value()) != 0) fail("syncfs", files.directory);
}

Work prepare(const ChunkFiles& files, int index) {
  auto directory = std::make_shared<Descriptor>(
      ::open(files.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory->value() < 0) fail("open", files.directory);
  const std::size_t length = std::min(files.chunk, files.bytes);
  return [&files, index, directory, buffer = Pages(length)] {
    write_own(files, index, *directory, buffer.all());
  };
}

}  // namespace

std::optional<double> time_chunk_files(const ChunkFiles& files) {
  return time_together(files.writers, [&](int index) { return prepare(files, index); });
}

}  // namespace mpiferry::limits

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
#include <vector>

#include "bench/limits/crew.hpp"

namespace mpiferry::limits {
namespace {

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

void write_all(int file, std::span<const std::byte> bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) fail("write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
}

void write_own(const ChunkFiles& files, int index, const Descriptor& directory,
               std::span<const std::byte> buffer) {
  const auto step = static_cast<std::uint64_t>(files.writers);
  for (auto chunk = static_cast<std::uint64_t>(index); chunk < files.count(); chunk += step) {
    const std::string name = "chunk_" + std::to_string(chunk) + ".bin";
    const Descriptor file{
        ::openat(directory.value(), name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
    if (file.value() < 0) fail("open", files.directory / name);
    const auto length = std::min(files.chunk, files.bytes - chunk * files.chunk);
    write_all(file.value(), buffer.first(length), files.directory / name);
    if (files.durable && ::fsync(file.value()) != 0) fail("fsync", files.directory / name);
  }
  if (files.durable && ::fsync(directory.value()) != 0) fail("fsync", files.directory);
}

Work prepare(const ChunkFiles& files, int index) {
  auto directory = std::make_shared<Descriptor>(
      ::open(files.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory->value() < 0) fail("open", files.directory);
  std::vector<std::byte> buffer(std::min(files.chunk, files.bytes), std::byte{0x5a});
  return [&files, index, directory, buffer = std::move(buffer)] {
    write_own(files, index, *directory, buffer);
  };
}

}  // namespace

std::optional<double> time_chunk_files(const ChunkFiles& files) {
  return time_together(files.writers, [&](int index) { return prepare(files, index); });
}

}  // namespace mpiferry::limits

// Files that the tests make and look at.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mpiferry::e2e {

// A new, empty directory that the caller removes.
std::filesystem::path make_temporary_directory(const std::filesystem::path& parent = {});

// A new, empty directory that removes itself with all that is in it.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::filesystem::path& parent = {});
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Returns pseudo-random bytes, which are the same for the same size and seed everywhere.
std::string random_bytes(std::uint64_t size, std::uint64_t seed = 1);

void write_file(const std::filesystem::path& path, std::string_view bytes);
void append_file(const std::filesystem::path& path, std::string_view bytes);
// "" if it cannot be read.
std::string read_file(const std::filesystem::path& path);

// Returns the n of [...]/chunk_<n>.bin.
std::optional<std::uint64_t> chunk_index(const std::filesystem::path& file);
std::filesystem::path chunk_path(const std::filesystem::path& directory, std::uint64_t chunk);
// The chunks of a directory, in order, until one is missing.
std::string concatenate_chunks(const std::filesystem::path& directory);
// Returns the indices of the chunk files below `root`, in order; an index that is there twice comes
// twice.
std::vector<std::uint64_t> chunks_below(const std::filesystem::path& root);
// Every path below `root` that is no directory, relative to it, in order.
std::vector<std::string> files_below(const std::filesystem::path& root);
// Those of them that a job must not leave behind: parts, probes, the job lock.
std::vector<std::string> unfinished_below(const std::filesystem::path& root);

}  // namespace mpiferry::e2e

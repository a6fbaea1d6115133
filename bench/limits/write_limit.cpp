// The write limit: how fast so many plain processes create the chunk files of a job.
//
// bench_write_limit WRITERS CHUNK BYTES DIR [fsync | direct]
//
// fsync: each file is on the disk before it is closed; direct: past the page cache, and all are on
// the disk at the end.
// Prints one line of JSON: {"seconds": s, "bytes": n, "files": n, "writers": n}
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>

#include "bench/limits/chunk_files.hpp"
#include "bench/limits/numbers.hpp"

namespace {

using namespace mpiferry::limits;

ChunkFiles parse(std::span<char*> arguments) {
  constexpr std::uint64_t kMaxWriters = 4096;
  const std::string_view how = arguments.size() == 6 ? arguments[5] : "";
  if (arguments.size() < 5 || arguments.size() > 6 ||
      (arguments.size() == 6 && how != "fsync" && how != "direct")) {
    throw std::invalid_argument{"takes WRITERS CHUNK BYTES DIR [fsync | direct]"};
  }
  ChunkFiles files;
  files.writers = static_cast<int>(number("WRITERS", arguments[1], 1, kMaxWriters));
  files.chunk = number("CHUNK", arguments[2], 1, std::uint64_t{1} << 30);
  files.bytes = number("BYTES", arguments[3], 0, std::uint64_t{1} << 50);
  files.directory = arguments[4];
  if (how == "fsync") files.how = ChunkFiles::How::fsync;
  if (how == "direct") files.how = ChunkFiles::How::direct;
  if (!std::filesystem::is_directory(files.directory)) {
    throw std::invalid_argument{"DIR: '" + files.directory.string() + "' is no directory"};
  }
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const ChunkFiles files = parse({argv, static_cast<std::size_t>(argc)});
    const std::optional<double> seconds = time_chunk_files(files);
    if (!seconds) return 1;
    std::printf("{\"seconds\": %.9f, \"bytes\": %" PRIu64 ", \"files\": %" PRIu64
                ", \"writers\": %d}\n",
                *seconds, files.bytes, files.count(), files.writers);
    return 0;
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "bench_write_limit: error: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_write_limit: error: %s\n", error.what());
    return 1;
  }
}

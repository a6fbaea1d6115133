// What a chunk file costs: open a part, write it, give it its name. Into a directory of its own
// below MPIFERRY_BENCH_TARGET, or /dev/shm.
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <benchmark/benchmark.h>

#include "engine/disk/directory.hpp"
#include "engine/disk/file_name.hpp"
#include "engine/posix/posix_storage.hpp"

namespace {

using namespace mpiferry;

class Place {
 public:
  Place() {
    const char* target = std::getenv("MPIFERRY_BENCH_TARGET");
    path_ = std::string{target != nullptr ? target : "/dev/shm"} + "/mpiferry-bench-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) {
      std::fprintf(
          stderr, "bench_disk: error: %s: mkdtemp: %s; MPIFERRY_BENCH_TARGET names another place\n",
          path_.c_str(), std::strerror(errno));
      std::exit(2);
    }
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void chunk_file(benchmark::State& state, bool durable) {
  // Names go round, so that no more than this is ever stored; a file that is replaced is freed.
  constexpr std::int64_t kStored = 256 << 20;
  const Place place;
  posix::PosixStorage files;
  const auto directory = disk::Directory::open_or_create(files, place.path());
  const std::vector<std::byte> payload(static_cast<std::size_t>(state.range(0)), std::byte{1});
  const auto names =
      static_cast<std::uint64_t>(std::max<std::int64_t>(1, kStored / state.range(0)));
  std::uint64_t chunk = 0;
  for (auto _ : state) {
    const disk::ChunkName name{ChunkIndex{chunk++ % names}};
    auto part = directory->open_partial(name.view(), 1);
    if (!part.error) part.error = part.file.append(payload);
    if (!part.error) part.error = part.file.publish(durable);
    if (part.error) {
      state.SkipWithError(std::strerror(part.error.system_errno));
      break;
    }
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(chunk_file, page_cache, false)->RangeMultiplier(4)->Range(1 << 10, 16 << 20);
BENCHMARK_CAPTURE(chunk_file, fsync, true)->RangeMultiplier(16)->Range(1 << 10, 16 << 20);

}  // namespace

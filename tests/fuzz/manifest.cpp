// manifest.json, which anyone may have edited. What reads must write and read to an equal value.
#include "engine/wire/manifest.hpp"

#include <algorithm>
#include <functional>
#include <string>

#include "tests/fuzz/target.hpp"

namespace mpiferry::wire {
namespace {

using fuzz::require;

void play(std::string_view text) {
  const auto manifest = read_manifest(text);
  if (!manifest) {
    require(manifest.error().code == Errc::bad_field, "a bad manifest is a bad field");
    static_cast<void>(manifest.error().message());
    return;
  }
  require(!manifest->workers.empty(), "somebody has the chunks");
  require(manifest->chunk_size >= 1_B && manifest->chunk_size <= kMaxChunkSize,
          "chunk size in range");
  require(std::ranges::adjacent_find(manifest->moved, std::ranges::greater_equal{},
                                     &Manifest::Moved::chunk) == manifest->moved.end(),
          "a chunk is moved once");
  for (const Manifest::Moved& moved : manifest->moved) {
    require(moved.chunk.value < manifest->chunk_digests.size(), "a chunk that is there was moved");
    require(manifest->is_moved(moved.chunk) && manifest->holder_of(moved.chunk) == moved.rank,
            "a moved chunk is found");
  }
  for (std::uint64_t i = 0; i < manifest->chunk_digests.size(); ++i) {
    const Rank holder = manifest->holder_of(ChunkIndex{i});
    require(holder.value >= 1 && static_cast<std::size_t>(holder.value) <= manifest->workers.size(),
            "a chunk lies with a worker");
    const Rank own{static_cast<int>(i % manifest->workers.size()) + 1};
    require((holder == own) != manifest->is_moved(ChunkIndex{i}),
            "what was not moved lies with its own worker, and nothing else");
  }

  std::string written;
  const Outcome outcome = write_manifest(*manifest, [&written](std::string_view piece) -> Outcome {
    written += piece;
    return Nothing{};
  });
  require(static_cast<bool>(outcome), "what reads can be written");
  const auto again = read_manifest(written);
  require(again && *again == *manifest, "write and read return an equal value");
}

}  // namespace
}  // namespace mpiferry::wire

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mpiferry::wire::play({reinterpret_cast<const char*>(data), size});
  return 0;
}

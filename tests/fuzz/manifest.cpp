// manifest.json, which anyone may have edited. What reads must write and read to an equal value.
#include "engine/wire/manifest.hpp"

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

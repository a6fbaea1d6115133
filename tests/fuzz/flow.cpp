// Plays the protocol's state machines. The bits of the first byte say which side the hostile peer
// is on, and whether the job resumes an earlier one.
#include <cstddef>
#include <cstdint>
#include <optional>

#include "tests/fuzz/feed.hpp"
#include "tests/fuzz/held_chunks_game.hpp"
#include "tests/fuzz/receiver_game.hpp"
#include "tests/fuzz/sender_game.hpp"
#include "tests/fuzz/target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mpiferry::fuzz;
  Feed feed{bytes_of(data, size)};
  const unsigned side = feed.byte();
  const bool sender = (side & 1U) != 0;
  const bool resume = (side & 2U) != 0;
  const bool other = (side & 4U) != 0;
  if (sender && resume && other) {
    const auto workers = static_cast<std::uint32_t>(1 + feed.below(4));
    std::optional<std::uint64_t> chunks;
    if (feed.flag()) chunks = feed.number();
    HeldChunksGame{feed, workers, chunks}.play();
  } else if (sender) {
    SenderGame{feed, resume}.play();
  } else {
    ReceiverGame{feed, resume, other}.play();
  }
  return 0;
}

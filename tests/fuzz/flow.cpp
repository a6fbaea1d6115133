// The protocol's machines. The first byte says which side the hostile peer is on.
#include "tests/fuzz/feed.hpp"
#include "tests/fuzz/receiver_game.hpp"
#include "tests/fuzz/sender_game.hpp"
#include "tests/fuzz/target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mpiferry::fuzz;
  Feed feed{bytes_of(data, size)};
  if (feed.flag()) {
    SenderGame{feed}.play();
  } else {
    ReceiverGame{feed}.play();
  }
  return 0;
}

// What brings chunks back, and the stages of any job. The first byte says which machine plays: 0
// the Fetcher with its Holdings, 1 the Conductor, 2 the Attendant.
#include "tests/fuzz/attendant_game.hpp"
#include "tests/fuzz/conductor_game.hpp"
#include "tests/fuzz/feed.hpp"
#include "tests/fuzz/fetcher_game.hpp"
#include "tests/fuzz/target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mpiferry::fuzz;
  Feed feed{bytes_of(data, size)};
  switch (feed.below(4)) {
    case 1:
      ConductorGame{feed}.play();
      break;
    case 2:
      AttendantGame{feed}.play();
      break;
    default:
      FetcherGame{feed}.play();
  }
  return 0;
}

// What brings chunks back, and the stages of any job. The first byte says which machine plays: 0
// the Fetcher with its ChunkLocations, 1 the MasterFsm, 2 the WorkerFsm.
#include "tests/fuzz/feed.hpp"
#include "tests/fuzz/fetcher_game.hpp"
#include "tests/fuzz/master_fsm_game.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/fuzz/worker_fsm_game.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mpiferry::fuzz;
  Feed feed{bytes_of(data, size)};
  switch (feed.below(4)) {
    case 1:
      MasterFsmGame{feed}.play();
      break;
    case 2:
      WorkerFsmGame{feed}.play();
      break;
    default:
      FetcherGame{feed}.play();
  }
  return 0;
}

// --force on a directory with very many files can be stopped, and lets others have their turn.
// Every rank has a directory of its own.
#include "engine/operations/scatter/clearing.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>
#include <mpi.h>

#include "engine/mpi/mpi_transport.hpp"
#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::operations {
namespace {

constexpr std::size_t kFiles = 200;

class Clearing : public ::testing::Test {
 protected:
  void SetUp() override {
    for (std::size_t i = 0; i < kFiles; ++i) {
      temporary.put("chunk_" + std::to_string(i) + ".bin", "");
    }
  }

  Outcome run() {
    boost::asio::io_context io{1};
    mpi::Communicator world = mpi::Communicator::borrow(MPI_COMM_WORLD);
    mpi::MpiTransport transport{boost::asio::use_service<mpi::MpiContext>(io), world};
    clock::SteadyClock clock;
    threads::SystemThreads threads;
    const job::Environment environment{.transport = transport,
                                       .clock = clock,
                                       .threads = threads,
                                       .storage = files,
                                       .host = {},
                                       .machine = {}};
    std::optional<Outcome> outcome;
    std::function<bool()> stop = [this] { return stopped; };
    boost::asio::co_spawn(
        io,
        [&]() -> job::Task<> {
          boost::asio::post(io, [this] { notify(); });  // a signal, say
          outcome = co_await clear(environment, directory, "", std::move(stop), {},
                                   {});  // one name a slice
        },
        job::Rethrow{});
    io.run();
    return outcome ? std::move(*outcome) : Outcome{Failure{.code = Errc::internal}};
  }

  // What the others do when they have their turn.
  void notify() {
    left_when_notified = temporary.names().size();
    stopped = stop_when_notified;
  }

  disk::test::TemporaryDirectory temporary;
  disk::Directory directory = *disk::Directory::open_or_create(files, temporary.path());
  std::size_t left_when_notified = 0;
  bool stop_when_notified = false;
  bool stopped = false;
};

TEST_F(Clearing, removes_all_and_lets_others_have_their_turn) {
  EXPECT_TRUE(run());
  EXPECT_TRUE(temporary.names().empty());
  EXPECT_GT(left_when_notified, 0U) << "notified in the middle of it";
}

TEST_F(Clearing, stops_when_it_is_told_to) {
  stop_when_notified = true;
  EXPECT_TRUE(run());
  EXPECT_EQ(temporary.names().size(), left_when_notified);
  EXPECT_GT(left_when_notified, 0U);
}

TEST_F(Clearing, names_what_cannot_be_removed) {
  std::filesystem::create_directory(temporary / "chunk_99999.bin");
  const Outcome outcome = run();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::dest_unusable);
  EXPECT_EQ(outcome.error().path, temporary / "chunk_99999.bin");
}

}  // namespace
}  // namespace mpiferry::operations

// scatter() works as a library: on a communicator of the caller, again and again, with a report and
// an observer on every rank.
#include <array>
#include <filesystem>
#include <string>

#include "tests/roles/support.hpp"

namespace mpiferry {
namespace {

class Scatter : public ApiTest {
 protected:
  // Runs a job of `chunks` whole chunks and looks at everything that came of it.
  void expect_a_job_on(MPI_Comm communicator, const std::string& name, std::uint64_t chunks,
                       const ScatterOptions& options) {
    const auto workers = static_cast<std::uint64_t>(size_of(communicator)) - 1;
    const int rank = rank_in(communicator);
    Tally tally;
    const ScatterReport report = scatter(communicator, options, tally);
    EXPECT_EQ(report.job.rank.value, rank);
    EXPECT_EQ(report.job.verdict, Errc::ok)
        << (report.job.failure ? report.job.failure->message() : "");
    EXPECT_FALSE(report.job.failure);
    EXPECT_FALSE(report.job.abandoned);
    if (rank != 0) return expect_worker(report.job, tally, chunks, workers);

    EXPECT_TRUE(moved(name, chunks) == read_file(options.source));
    EXPECT_TRUE(std::filesystem::exists(directory / name / "manifest.json"));
    EXPECT_EQ(report.transfer.source, options.source);
    EXPECT_EQ(report.transfer.directory, options.destination);
    EXPECT_EQ(report.transfer.source_size, Bytes{chunks * kChunk});
    EXPECT_EQ(report.transfer.chunk_size, Bytes{kChunk});
    EXPECT_EQ(report.transfer.chunks, chunks);
    EXPECT_EQ(report.chunks_sent, chunks);
    EXPECT_EQ(report.transfer.chunks_written, chunks);
    EXPECT_EQ(report.transfer.chunks_resent, 0U);
    EXPECT_EQ(report.transfer.bytes_written, Bytes{chunks * kChunk});
    EXPECT_TRUE(report.transfer.digest);
    EXPECT_EQ(report.transfer.window, options.effective_window());
    EXPECT_LE(report.transfer.peak_in_flight, report.transfer.window);
    EXPECT_EQ(report.transfer.buffers, report.transfer.window * workers);
    EXPECT_GE(report.transfer.peak_buffers, 1U);
    EXPECT_LE(report.transfer.peak_buffers, report.transfer.buffers);
    EXPECT_GT(report.job.mpi_tests, 0U);
    EXPECT_GE(report.job.elapsed, report.job.transfer_time);
    ASSERT_EQ(report.job.workers.size(), workers);
    for (std::uint64_t i = 0; i < workers; ++i) {
      const JobReport::Worker& worker = report.job.workers[i];
      EXPECT_EQ(worker.rank.value, static_cast<int>(i) + 1);
      EXPECT_FALSE(worker.host.empty());
      EXPECT_EQ(worker.directory, options.destination);
      EXPECT_EQ(worker.chunks_written, share(chunks, workers, i));
      EXPECT_GE(worker.ack_messages, 1U);
    }
    EXPECT_EQ(tally.sources, 1);
    EXPECT_EQ(tally.chunks, chunks);
    EXPECT_EQ(static_cast<std::uint64_t>(tally.sent), chunks);
    EXPECT_EQ(static_cast<std::uint64_t>(tally.good_statuses), chunks);
    EXPECT_EQ(tally.statuses, tally.good_statuses);
    EXPECT_EQ(tally.written + tally.ends, 0);
  }

  void expect_worker(const JobReport& job, const Tally& tally, std::uint64_t chunks,
                     std::uint64_t workers) {
    const auto mine = share(chunks, workers, static_cast<std::uint64_t>(job.rank.value) - 1);
    ASSERT_EQ(job.workers.size(), 1U);
    EXPECT_EQ(job.workers.front().rank, job.rank);
    EXPECT_EQ(job.workers.front().chunks_written, mine);
    EXPECT_EQ(job.workers.front().bytes_written, Bytes{mine * kChunk});
    EXPECT_EQ(static_cast<std::uint64_t>(tally.written), mine);
    EXPECT_EQ(tally.written_by, job.rank);
    EXPECT_EQ(tally.ends, 1);
    EXPECT_EQ(tally.sources + tally.sent + tally.statuses, 0);
  }

  // Returns the chunks of worker i, counted from 0.
  static std::uint64_t share(std::uint64_t chunks, std::uint64_t workers, std::uint64_t i) {
    return chunks / workers + (i < chunks % workers ? 1 : 0);
  }
};

TEST_F(Scatter, moves_a_file_over_the_world) {
  constexpr std::uint64_t kChunks = 50;
  expect_a_job_on(MPI_COMM_WORLD, "out", kChunks, job(MPI_COMM_WORLD, "out", kChunks * kChunk));
}

TEST_F(Scatter, numbers_its_ranks_as_the_callers_communicator_does) {
  constexpr std::uint64_t kChunks = 20;
  MPI_Comm reversed = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, 0, -world_rank, &reversed);
  expect_a_job_on(reversed, "out", kChunks, job(reversed, "out", kChunks * kChunk));
  MPI_Comm_free(&reversed);
}

TEST_F(Scatter, works_on_disjoint_communicators_at_the_same_time) {
  if (size_of(MPI_COMM_WORLD) < 5) GTEST_SKIP() << "needs 5 ranks: a group of 2 and one of 3";
  const int colour = world_rank < 2 ? 0 : 1;
  MPI_Comm part = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, colour, 0, &part);
  const std::string name = colour == 0 ? "first" : "second";
  const std::uint64_t chunks = colour == 0 ? 30 : 41;
  expect_a_job_on(part, name, chunks, job(part, name, chunks * kChunk));
  MPI_Comm_free(&part);
}

TEST_F(Scatter, runs_again_in_the_same_process) {
  constexpr std::uint64_t kChunks = 25;
  const ScatterOptions first = job(MPI_COMM_WORLD, "first", kChunks * kChunk);
  ScatterOptions second = job(MPI_COMM_WORLD, "second", kChunks * kChunk);
  expect_a_job_on(MPI_COMM_WORLD, "first", kChunks, first);
  expect_a_job_on(MPI_COMM_WORLD, "second", kChunks, second);
  // A second job needs force to write to the same destination.
  EXPECT_EQ(scatter(MPI_COMM_WORLD, second).job.verdict, Errc::dest_occupied);
  second.force = true;
  expect_a_job_on(MPI_COMM_WORLD, "second", kChunks, second);
}

TEST_F(Scatter, on_a_communicator_of_its_own_runs_job_after_job) {
  constexpr std::uint64_t kChunks = 25;
  mpi::Communicator own = mpi::Communicator::duplicate(MPI_COMM_WORLD);
  mpi::Communicator borrowed = mpi::Communicator::borrow(own.native());
  Observer nobody;
  for (int i = 0; i < 20; ++i) {
    const std::string name = "out" + std::to_string(i);
    const ScatterOptions options = job(MPI_COMM_WORLD, name, kChunks * kChunk);
    const ScatterReport report = scatter_on(borrowed, 2, options, nobody);
    EXPECT_TRUE(report.job.ok()) << (report.job.failure ? report.job.failure->message() : "");
    if (world_rank == 0) {
      EXPECT_TRUE(moved(name, kChunks) == read_file(options.source));
    }
    // No message of a job is left for the next one.
    MPI_Barrier(MPI_COMM_WORLD);
    int waiting = 0;
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, own.native(), &waiting, MPI_STATUS_IGNORE);
    EXPECT_EQ(waiting, 0);
    MPI_Barrier(MPI_COMM_WORLD);
  }
}

TEST_F(Scatter, takes_the_options_of_rank_0_only) {
  constexpr std::uint64_t kChunks = 10;
  ScatterOptions options = job(MPI_COMM_WORLD, "out", kChunks * kChunk);
  if (world_rank != 0) {
    options = {.source = "",
               .destination = "/proc/nowhere",
               .chunk_size = {0},
               .job = {.window = 0, .memory = Bytes{0}}};
  }
  if (world_rank == 0) {
    expect_a_job_on(MPI_COMM_WORLD, "out", kChunks, options);
  } else {
    EXPECT_TRUE(scatter(MPI_COMM_WORLD, options).job.ok());
  }
}

TEST_F(Scatter, writes_the_same_bytes_past_the_page_cache) {
  constexpr std::uint64_t kChunks = 40;
  for (const auto io : {ScatterOptions::Io::buffered, ScatterOptions::Io::direct}) {
    const std::string name = io == ScatterOptions::Io::direct ? "direct" : "buffered";
    ScatterOptions options = job(MPI_COMM_WORLD, name, kChunks * kChunk);
    options.fsync = true;
    options.io = io;
    expect_a_job_on(MPI_COMM_WORLD, name, kChunks, options);
  }
}

TEST_F(Scatter, discards_without_touching_the_destination) {
  constexpr std::uint64_t kChunks = 30;
  ScatterOptions options = job(MPI_COMM_WORLD, "out", kChunks * kChunk);
  options.discard = true;
  options.job.faults.corrupt_every = 7;  // what is not written is checked all the same
  const ScatterReport report = scatter(MPI_COMM_WORLD, options);
  EXPECT_TRUE(report.job.ok());
  if (world_rank == 0) {
    EXPECT_TRUE(report.discard);
    EXPECT_EQ(report.transfer.chunks_written, kChunks);
    EXPECT_GT(report.transfer.chunks_resent, 0U);
    EXPECT_FALSE(std::filesystem::exists(options.destination));
  }
}

TEST_F(Scatter, leaves_the_callers_messages_and_communicator_alone) {
  // These messages have the same tag and ranks, and are under way during the job.
  constexpr int kTag = 11;
  const int size = size_of(MPI_COMM_WORLD);
  int sent = world_rank;
  int received = -1;
  std::array<MPI_Request, 2> requests{};
  MPI_Isend(&sent, 1, MPI_INT, (world_rank + 1) % size, kTag, MPI_COMM_WORLD, &requests[0]);
  expect_a_job_on(MPI_COMM_WORLD, "out", 10, job(MPI_COMM_WORLD, "out", 10 * kChunk));
  MPI_Irecv(&received, 1, MPI_INT, MPI_ANY_SOURCE, kTag, MPI_COMM_WORLD, &requests[1]);
  MPI_Waitall(2, requests.data(), MPI_STATUSES_IGNORE);
  EXPECT_EQ(received, (world_rank + size - 1) % size);
}

TEST_F(Scatter, tells_every_rank_the_verdict_of_a_failure) {
  ScatterOptions options = job(MPI_COMM_WORLD, "out", kChunk);
  options.source += ".missing";
  Tally tally;
  const ScatterReport report = scatter(MPI_COMM_WORLD, options, tally);
  EXPECT_EQ(report.job.verdict, Errc::source_not_found);
  EXPECT_FALSE(report.job.abandoned);
  EXPECT_EQ(report.job.failure.has_value(), world_rank == 0);
  EXPECT_EQ(tally.sent + tally.written, 0);
  EXPECT_EQ(tally.ends, world_rank == 0 ? 0 : 1);
}

TEST_F(Scatter, tells_every_rank_the_verdict_of_invalid_options) {
  ScatterOptions options = job(MPI_COMM_WORLD, "out", kChunk);
  options.job.window = 0;
  EXPECT_EQ(scatter(MPI_COMM_WORLD, options).job.verdict, Errc::invalid_argument);
}

TEST_F(Scatter, tells_every_rank_that_one_worker_could_not_write) {
  ScatterOptions options = job(MPI_COMM_WORLD, "out", 10 * kChunk);
  if (world_rank == 0) {
    std::filesystem::create_directory(options.destination);
    std::ofstream{options.destination + "/1"} << "in the way";
  }
  options.destination += "/{rank}";
  const ScatterReport report = scatter(MPI_COMM_WORLD, options);
  EXPECT_EQ(report.job.verdict, Errc::dest_unusable);
  if (world_rank == 0) {
    ASSERT_TRUE(report.job.failure);
    EXPECT_EQ(report.job.failure->rank, Rank{1});
    EXPECT_FALSE(report.job.failure->host.empty());
  }
}

TEST_F(Scatter, refuses_a_communicator_of_one_rank) {
  const ScatterReport report = scatter(MPI_COMM_SELF, {.source = "whatever"});
  EXPECT_EQ(report.job.verdict, Errc::too_few_ranks);
  EXPECT_TRUE(report.job.failure);
}

}  // namespace
}  // namespace mpiferry

// What a job puts on the wire, to the byte, and what it asks MPI for meanwhile. Nothing here
// depends on time: how acks share messages does, so only their sum is fixed, and how often MPI is
// asked whether something has come (MPI_Testsome) is not looked at.
#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/plan/chunk_plan.hpp"
#include "engine/plan/distribution.hpp"
#include "engine/wire/ack.hpp"
#include "engine/wire/tag.hpp"
#include "tests/exact/ledger.hpp"
#include "tests/roles/support.hpp"

namespace mpiferry {
namespace {

using exact::ledger;
using exact::Sent;
using wire::Kind;
using Calls = std::map<std::string, std::uint64_t>;

// Returns the length of a control message's payload, by its encoder.
template <class Message>
std::size_t length_of(const Message& message) {
  std::vector<std::byte> capacity(wire::kControlPayload.value);
  const auto length = wire::encode(message, capacity);
  EXPECT_TRUE(length);
  return length ? *length : 0;
}

class Messages : public ApiTest {
 protected:
  static constexpr std::uint32_t kWindow = 8;

  // Runs a job of `chunks` chunks, the last one shorter, and looks at all that this rank sent for
  // it.
  void expect_exactly(std::uint64_t chunks, Bytes chunk_size, wire::Faults faults = {}) {
    const Bytes size{chunks * chunk_size.value - 100};
    ScatterOptions options = job(MPI_COMM_WORLD, "out", size.value);
    options.chunk_size = chunk_size;
    options.job.window = kWindow;
    options.job.faults = faults;
    const auto workers = static_cast<std::uint32_t>(size_of(MPI_COMM_WORLD) - 1);
    plan = plan::ChunkPlan{size, chunk_size};
    distribution = plan::Distribution::round_robin(workers);
    MPI_Barrier(MPI_COMM_WORLD);  // the source is there
    ledger() = {};
    const ScatterReport report = scatter(MPI_COMM_WORLD, options);
    ASSERT_TRUE(report.job.ok());
    EXPECT_EQ(ledger().not_ours, 0U);
    for (const Sent& sent : ledger().sent) {
      EXPECT_EQ(sent.bytes, kHeaderSize + sent.header.length.value);
      EXPECT_NE(sent.communicator, MPI_COMM_WORLD);
    }
    if (world_rank == 0) {
      expect_master(options, report, workers, faults.corrupt_first);
    } else {
      expect_worker(report.job, faults.corrupt_first);
    }
  }

  void expect_master(const ScatterOptions& options, const ScatterReport& report,
                     std::uint32_t workers, std::uint64_t damaged) {
    EXPECT_EQ(report.transfer.chunks_resent, damaged * workers);
    // Expects every chunk once, and once more for each time that it arrived damaged.
    std::vector<std::uint32_t> times(plan.chunks());
    std::uint64_t payload = 0;
    std::vector<const Sent*> control;
    for (const Sent& sent : ledger().sent) {
      const wire::Tag tag = sent.header.kind == Kind::over ? wire::Tag::status : wire::Tag::data;
      EXPECT_EQ(sent.tag, static_cast<int>(tag));
      if (sent.header.kind != Kind::chunk) {
        control.push_back(&sent);
        continue;
      }
      const ChunkIndex chunk = sent.header.chunk;
      ASSERT_LT(chunk.value, plan.chunks());
      EXPECT_EQ(sent.header.attempt, times[chunk.value]++);
      EXPECT_EQ(sent.to, distribution.worker_of(chunk).value);
      EXPECT_EQ(sent.header.length, plan.length_of(chunk));
      payload += plan.length_of(chunk).value;
    }
    EXPECT_EQ(std::ranges::count(times, 0U), 0);
    std::uint64_t messages = 0;
    for (const std::uint32_t n : times) messages += n;
    EXPECT_EQ(messages, plan.chunks() + damaged * workers);
    if (damaged == 0) {
      EXPECT_EQ(payload, report.transfer.source_size->value);
    }

    // Beside the chunks a job, an end and a last word for every worker, and nothing else: signs of
    // life are for longer jobs.
    std::uint64_t expected = messages * kHeaderSize + payload;
    ASSERT_EQ(control.size(), std::size_t{3} * workers);
    for (std::uint32_t i = 0; i < workers; ++i) {
      const int worker = static_cast<int>(i) + 1;
      EXPECT_EQ(control[i]->header.kind, Kind::job);
      EXPECT_EQ(control[i]->to, worker);
      EXPECT_EQ(control[workers + i]->header.kind, Kind::end);
      EXPECT_EQ(control[workers + i]->to, worker);
      EXPECT_EQ(control[2 * workers + i]->header.kind, Kind::over);
      EXPECT_EQ(control[2 * workers + i]->to, worker);
      expected += kHeaderSize + length_of(job_of(options, workers, *control[i]));
      // All share the master's directory: no sums.
      expected += kHeaderSize + length_of(wire::End{.chunks = report.transfer.chunks.value_or(0)});
      expected += kHeaderSize + length_of(wire::Over{});
    }
    std::uint64_t bytes = 0;
    for (const Sent& sent : ledger().sent) bytes += sent.bytes;
    EXPECT_EQ(bytes, expected);

    std::uint64_t acks = 0;
    for (const JobReport::Worker& worker : report.job.workers) acks += worker.ack_messages;
    expect_calls({{"MPI_Isend", messages},
                  {"MPI_Irecv", acks},
                  {"MPI_Get_count", acks},
                  {"MPI_Test_cancelled", acks}});
  }

  // What the job must say. The job lock and the identity of the source are free text: they are
  // taken as they are.
  static wire::Job job_of(const ScatterOptions& options, std::uint32_t workers, const Sent& sent) {
    const auto said = wire::decode_job(sent.payload);
    EXPECT_TRUE(said);
    if (!said) return {};
    EXPECT_LT(said->job_lock.size() + said->source.id.size(), 512U);
    wire::Job job;
    job.destination = options.destination;
    job.job_lock = said->job_lock;
    job.master.host = mpi::host_name();
    job.stall_timeout = options.job.stall_timeout;
    job.master.machine = said->master.machine;
    job.source.id = said->source.id;
    job.source.shared_id = said->source.shared_id;
    job.source.attributes = said->source.attributes;
    job.source.size = Bytes{std::filesystem::file_size(options.source)};
    job.chunk_size = options.chunk_size;
    job.window = kWindow;
    job.workers = workers;
    job.faults = options.job.faults;
    return job;
  }

  void expect_worker(const JobReport& job, std::uint64_t damaged) {
    const std::uint64_t mine = distribution.chunks_of(Rank{world_rank}, plan);
    ASSERT_EQ(job.workers.size(), 1U);
    EXPECT_EQ(job.workers.front().chunks_corrupt, damaged);
    const auto& sent = ledger().sent;
    ASSERT_GE(sent.size(), 2U);
    EXPECT_EQ(sent.front().header.kind, Kind::ready);
    EXPECT_EQ(sent.back().header.kind, Kind::closed);

    // Between these two there are only acks, 24 bytes for each chunk that came.
    const std::span acks = std::span{sent}.subspan(1, sent.size() - 2);
    std::vector<std::uint32_t> answered(plan.chunks());
    std::uint64_t bytes = 0;
    std::uint64_t corrupt = 0;
    for (const Sent& message : acks) {
      EXPECT_EQ(message.header.kind, Kind::acks);
      bytes += message.bytes;
      std::span<const std::byte> rest{message.payload};
      ASSERT_FALSE(rest.empty());
      ASSERT_EQ(rest.size() % wire::kAckSize, 0U);
      for (; !rest.empty(); rest = rest.subspan(wire::kAckSize)) {
        const auto ack = wire::decode_ack(rest.first<wire::kAckSize>());
        ASSERT_TRUE(ack);
        ASSERT_LT(ack->chunk.value, plan.chunks());
        EXPECT_EQ(ack->attempt, answered[ack->chunk.value]++);
        corrupt += ack->status == wire::AckStatus::corrupt;
      }
    }
    EXPECT_EQ(corrupt, damaged);
    for (std::uint64_t i = 0; i < answered.size(); ++i) {
      EXPECT_EQ(answered[i] > 0, distribution.worker_of({i}).value == world_rank) << "chunk " << i;
    }
    const std::uint64_t came = mine + damaged;
    EXPECT_LE(acks.size(), came);
    EXPECT_EQ(bytes, acks.size() * kHeaderSize + came * wire::kAckSize);
    for (const Sent& message : sent) {
      EXPECT_EQ(message.to, 0);
      EXPECT_EQ(message.tag, static_cast<int>(wire::Tag::status));
    }
    const auto ready = wire::decode_ready(sent.front().payload);
    ASSERT_TRUE(ready);
    EXPECT_EQ(sent.front().bytes, kHeaderSize + length_of(*ready));
    EXPECT_EQ(sent.back().bytes,
              kHeaderSize + length_of(wire::Closed{.chunks_written = mine,
                                                   .bytes_written = bytes_of(world_rank),
                                                   .chunks_corrupt = damaged,
                                                   .ack_messages = acks.size()}));

    // The end comes in one of the window's receives; the others are cancelled.
    expect_calls({{"MPI_Isend", acks.size()},
                  {"MPI_Irecv", came},
                  {"MPI_Get_count", came + 1},
                  {"MPI_Test_cancelled", came + kWindow},
                  {"MPI_Cancel", kWindow - 1}});
  }

  Bytes bytes_of(int worker) const {
    Bytes sum;
    for (std::uint64_t i = 0; i < plan.chunks(); ++i) {
      if (distribution.worker_of({i}).value == worker) sum += plan.length_of({i});
    }
    return sum;
  }

  // These calls, so often, and no others but MPI_Testsome.
  static void expect_calls(Calls expected) {
    Calls seen = ledger().during_transfer;
    EXPECT_GT(seen["MPI_Testsome"], 0U);
    seen.erase("MPI_Testsome");
    std::erase_if(expected, [](const auto& call) { return call.second == 0; });
    EXPECT_EQ(seen, expected);
  }

  plan::ChunkPlan plan{{}, {1}};
  plan::Distribution distribution = plan::Distribution::round_robin(1);
};

TEST_F(Messages, a_chunk_costs_one_and_an_ack_at_most_one) { expect_exactly(203, 4_KiB); }

TEST_F(Messages, large_chunks_cost_no_more) { expect_exactly(41, Bytes{1'500'000}); }

TEST_F(Messages, a_single_chunk_has_no_overhead_of_its_own) { expect_exactly(1, 4_KiB); }

TEST_F(Messages, a_damaged_chunk_costs_exactly_one_more) {
  expect_exactly(203, 4_KiB, {.corrupt_every = 7, .corrupt_first = 3});
}

}  // namespace
}  // namespace mpiferry

// A worker whose *closed* is heard before its *failed*, as MPI may complete them in any order: the
// last rank is played by hand, and says nothing but its last word.
#include <filesystem>
#include <span>
#include <vector>

#include "engine/mpi/communicator.hpp"
#include "engine/wire/digest.hpp"
#include "engine/wire/header.hpp"
#include "engine/wire/job.hpp"
#include "engine/wire/tag.hpp"
#include "tests/roles/support.hpp"

namespace mpiferry {
namespace {

constexpr int kData = static_cast<int>(wire::Tag::data);
constexpr int kStatus = static_cast<int>(wire::Tag::status);

class LastWord : public ApiTest {
 protected:
  // Returns the header of the next message from the master.
  wire::Header receive() {
    MPI_Status status;
    MPI_Probe(0, kData, comm.native(), &status);
    int length = 0;
    MPI_Get_count(&status, MPI_BYTE, &length);
    std::vector<std::byte> message(static_cast<std::size_t>(length));
    MPI_Recv(message.data(), length, MPI_BYTE, 0, kData, comm.native(), MPI_STATUS_IGNORE);
    const auto header = wire::decode(message);
    if (!header) throw std::runtime_error{header.error().message()};
    job_id = header->job_id;
    return *header;
  }

  template <class Message>
  void send_to_master(wire::Kind kind, const Message& message) {
    std::vector<std::byte> bytes(kHeaderSize + wire::kControlPayload.value);
    const auto length = wire::encode(message, std::span{bytes}.subspan(kHeaderSize));
    ASSERT_TRUE(length);
    bytes.resize(kHeaderSize + *length);
    const auto payload = std::span{bytes}.subspan(kHeaderSize);
    wire::encode({.kind = kind,
                  .job_id = job_id,
                  .length = {*length},
                  .payload_digest = wire::chunk_digest(payload)},
                 std::span{bytes}.first<kHeaderSize>());
    MPI_Send(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, 0, kStatus, comm.native());
  }

  mpi::Communicator comm = mpi::Communicator::duplicate(MPI_COMM_WORLD);
  std::uint64_t job_id = 0;
};

TEST_F(LastWord, of_a_worker_that_has_failed_ends_the_job) {
  const Rank last{comm.size() - 1};
  const ScatterOptions options = job(comm.native(), "job", 0);
  if (comm.rank() == last) {
    EXPECT_EQ(receive().kind, wire::Kind::job);
    send_to_master(wire::Kind::ready,
                   wire::Ready{.host = "h", .directory = "d", .directory_id = "1"});
    EXPECT_EQ(receive().kind, wire::Kind::end);
    wire::Closed closed;
    closed.failure = Failure{.code = Errc::dest_write_failed,
                             .rank = last,
                             .host = "h",
                             .path = "d/stripe_1.bin",
                             .call = "rename",
                             .system_errno = 28};
    send_to_master(wire::Kind::closed, closed);
    return;
  }
  Observer nobody;
  const ScatterReport report = scatter_on(comm, 1.0, options, nobody);
  if (comm.rank() != kMaster) return;
  EXPECT_EQ(report.job.verdict, Errc::dest_write_failed);
  ASSERT_TRUE(report.job.failure);
  EXPECT_EQ(report.job.failure->rank, last);
  EXPECT_EQ(report.job.failure->path, "d/stripe_1.bin");
  EXPECT_FALSE(std::filesystem::exists(directory / "job" / "manifest.json"));
}

}  // namespace
}  // namespace mpiferry

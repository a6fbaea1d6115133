// A retrieval whose numbers would exhaust a worker's memory.
#include <array>

#include <gtest/gtest.h>

#include "engine/wire/retrieval.hpp"

namespace mpiferry::wire {
namespace {

RetrievalJob some_retrieval() {
  RetrievalJob job;
  job.directory = "out/{rank}";
  job.hosts = {{"node1", 2}, {"node2", 2}};
  job.size = 5_GiB;
  job.chunk_size = 1_MiB;
  job.window = 8;
  return job;
}

Result<RetrievalJob> through(const RetrievalJob& job) {
  std::array<std::byte, kControlPayload.value> buffer{};
  const auto size = encode(job, buffer);
  if (!size) return size.error();
  return decode_retrieval_job(std::span{buffer}.first(*size));
}

TEST(RetrievalJob, may_have_2_to_the_28_chunks_and_no_more) {
  RetrievalJob job = some_retrieval();
  job.chunk_size = 1000_B;
  job.size = Bytes{kMaxChunks * 1000};
  EXPECT_TRUE(through(job));
  job.size.value += 1;
  const auto refused = through(job);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::bad_field);
}

TEST(RetrievalJob, may_name_2_to_the_20_workers_and_no_more) {
  RetrievalJob job = some_retrieval();
  job.hosts = {{"node1", kMaxRetrieved - 1}, {"node2", 1}};
  EXPECT_TRUE(through(job));
  job.hosts.back().workers = 2;
  const auto refused = through(job);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::bad_field);
  EXPECT_NE(refused.error().detail.find("hosts"), std::string::npos);
}

}  // namespace
}  // namespace mpiferry::wire

// A recall whose numbers would exhaust a worker's memory.
#include <array>

#include <gtest/gtest.h>

#include "engine/wire/retrieval.hpp"

namespace mpiferry::wire {
namespace {

RetrievalJob some_recall() {
  RetrievalJob recall;
  recall.directory = "out/{rank}";
  recall.hosts = {{"node1", 2}, {"node2", 2}};
  recall.size = 5_GiB;
  recall.chunk_size = 1_MiB;
  recall.window = 8;
  return recall;
}

Result<RetrievalJob> through(const RetrievalJob& recall) {
  std::array<std::byte, kControlPayload.value> buffer{};
  const auto size = encode(recall, buffer);
  if (!size) return size.error();
  return decode_retrieval_job(std::span{buffer}.first(*size));
}

TEST(RetrievalJob, may_have_2_to_the_28_chunks_and_no_more) {
  RetrievalJob recall = some_recall();
  recall.chunk_size = 1000_B;
  recall.size = Bytes{kMaxChunks * 1000};
  EXPECT_TRUE(through(recall));
  recall.size.value += 1;
  const auto refused = through(recall);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::bad_field);
}

TEST(RetrievalJob, may_name_2_to_the_20_workers_and_no_more) {
  RetrievalJob recall = some_recall();
  recall.hosts = {{"node1", kMaxRetrieved - 1}, {"node2", 1}};
  EXPECT_TRUE(through(recall));
  recall.hosts.back().workers = 2;
  const auto refused = through(recall);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::bad_field);
  EXPECT_NE(refused.error().detail.find("hosts"), std::string::npos);
}

}  // namespace
}  // namespace mpiferry::wire

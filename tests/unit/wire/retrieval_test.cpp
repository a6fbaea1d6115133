#include "engine/wire/retrieval.hpp"

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/unit/wire/bytes.hpp"

namespace mpiferry::wire {
namespace {

template <class Message>
std::string encoded(const Message& message) {
  std::array<std::byte, kControlPayload.value> buffer{};
  const auto size = encode(message, std::span<std::byte>{buffer});
  EXPECT_TRUE(size);
  return size ? std::string{text_of(std::span{buffer}.first(*size))} : std::string{};
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from << " is not in " << text;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

RetrievalJob some_retrieval() {
  return {.master = {.host = "node0", .build = "0123456789abcdef", .machine = "7c1f"},
          .directory = "out/\xff\xc0{host}/{rank}",
          .hosts = {{"node1", 2}, {"node\xfe", 1}},
          .size = 5_GiB,
          .chunk_size = 1_MiB,
          .layout = Layout::stripes,
          .window = 8,
          .deliver = true,
          .faults = {.corrupt_every = 3,
                     .corrupt_first = 1,
                     .stall_rank = Rank{2},
                     .stall_after = 10,
                     .write_delay = std::chrono::milliseconds{20}}};
}

template <class Decoded>
void expect_refused(const Decoded& decoded, std::string_view detail) {
  ASSERT_FALSE(decoded) << detail;
  EXPECT_EQ(decoded.error().code, Errc::bad_field);
  EXPECT_EQ(decoded.error().detail.substr(0, detail.size()), detail);
}

TEST(RetrievalJob, decode_returns_what_encode_wrote) {
  RetrievalJob job = some_retrieval();
  for (const Layout layout : {Layout::chunks, Layout::stripes, Layout::file}) {
    job.layout = layout;
    const auto decoded = decode_retrieval_job(bytes_of(encoded(job)));
    ASSERT_TRUE(decoded) << decoded.error().message();
    EXPECT_EQ(*decoded, job);
    job.deliver = false;
    job.faults = {};
    job.size = 0_B;
  }
}

TEST(RetrievalJob, decode_refuses_impossible_values_and_names_the_field) {
  RetrievalJob job = some_retrieval();
  job.directory = "out";
  job.hosts = {{"node1", 2}, {"node2", 1}};
  const std::string text = encoded(job);
  const auto refused = [&](std::string_view from, std::string_view to, std::string_view detail) {
    expect_refused(decode_retrieval_job(bytes_of(replaced(text, from, to))), detail);
  };
  refused(R"("out")", "7", "retrieval job: directory must be");
  refused(R"("directory":)", R"("folder":)", "retrieval job: directory is missing");
  refused(R"("hosts":[)", R"("ghosts":[)", "retrieval job: hosts is missing");
  refused(R"("node1")", R"("a/b")", "retrieval job: hosts.host must be a name without a slash");
  refused(R"("node1")", R"("..")", "retrieval job: hosts.host must be a name without a slash");
  refused(R"("node1")", R"("")", "retrieval job: hosts.host must be a name without a slash");
  refused(R"("workers":2)", R"("workers":0)", "retrieval job: hosts.workers must be");
  refused(R"("workers":2)", R"("workers":2147483647)", "retrieval job: hosts.workers must be");
  refused(R"("workers":2)", R"("workers":2147483646)", "retrieval job: hosts.workers must be");
  refused(R"("size":5368709120)", R"("size":-1)", "retrieval job: size must be");
  refused(R"("size":5368709120)", R"("size":9223372036854775809)", "retrieval job: size must be");
  refused(R"("chunk_size":1048576)", R"("chunk_size":0)", "retrieval job: chunk_size must be");
  refused(R"("chunk_size":1048576)", R"("chunk_size":1073741825)",
          "retrieval job: chunk_size must be");
  refused(R"("chunk_size":1048576)", R"("chunk_size":1)",
          "retrieval job: chunk_size makes too many");
  refused(R"("stripes")", R"("stripe")", "retrieval job: layout must be the name of a layout");
  refused(R"("window":8)", R"("window":0)", "retrieval job: window must be");
  refused(R"("window":8)", R"("window":1025)", "retrieval job: window must be");
  refused(R"("deliver":true)", R"("deliver":1)", "retrieval job: deliver must be");
  refused(R"("stall_rank":2)", R"("stall_rank":-2)", "retrieval job: faults.stall_rank must");
}

TEST(RetrievalJob, decode_refuses_hosts_that_are_no_list_of_them) {
  RetrievalJob job = some_retrieval();
  job.hosts.clear();
  const std::string text = encoded(job);
  expect_refused(decode_retrieval_job(bytes_of(text)),
                 "retrieval job: hosts must be an array of the hosts of");
  expect_refused(decode_retrieval_job(bytes_of(replaced(text, "[]", "7"))), "retrieval job: hosts");
  expect_refused(decode_retrieval_job(bytes_of(replaced(text, "[]", "[7]"))),
                 "retrieval job: hosts.");
  expect_refused(decode_retrieval_job(bytes_of(replaced(text, "[]", "{}"))),
                 "retrieval job: hosts");
}

TEST(RetrievalJob, decode_accepts_2_to_the_28_chunks_and_not_one_more) {
  RetrievalJob job = some_retrieval();
  job.chunk_size = 1000_B;
  job.size = Bytes{kMaxChunks * 1000};
  EXPECT_TRUE(decode_retrieval_job(bytes_of(encoded(job))));
  job.size += 1_B;
  EXPECT_FALSE(decode_retrieval_job(bytes_of(encoded(job))));
}

TEST(RetrievalJob, a_truncated_message_is_refused_wherever_it_ends) {
  const std::string text = encoded(some_retrieval());
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(decode_retrieval_job(bytes_of(text.substr(0, length)))) << length;
  }
}

TEST(RetrievalJob, one_that_does_not_fit_is_not_encoded) {
  RetrievalJob job = some_retrieval();
  job.directory.assign(kControlPayload.value, 'x');
  std::array<std::byte, kControlPayload.value> buffer{};
  const auto size = encode(job, std::span<std::byte>{buffer});
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().code, Errc::bad_length);
}

TEST(ExtraFiles, decode_returns_what_encode_wrote) {
  ExtraFiles extras{.directory = 4294967295, .names = {"chunk_1.bin", "\xff.part", ""}, .call = {}};
  const auto plain = decode_extra_files(bytes_of(encoded(extras)));
  ASSERT_TRUE(plain);
  EXPECT_EQ(*plain, extras);
  extras.call = "readdir";
  extras.system_errno = 5;
  const auto decoded = decode_extra_files(bytes_of(encoded(extras)));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, extras);
}

TEST(ExtraFiles, decode_refuses_what_cannot_be) {
  const std::string text = encoded(ExtraFiles{.directory = 1, .names = {"a"}, .call = {}});
  expect_refused(decode_extra_files(bytes_of(replaced(text, R"("a")", R"("../a")"))),
                 "extra files: names");
  expect_refused(decode_extra_files(bytes_of(replaced(text, R"("a")", "7"))),
                 "extra files: names must be");
  expect_refused(decode_extra_files(bytes_of(replaced(text, R"(["a"])", R"("a")"))),
                 "extra files: names");
  expect_refused(decode_extra_files(bytes_of(replaced(text, R"("names")", R"("n")"))),
                 "extra files: names is missing");
  expect_refused(decode_extra_files(bytes_of(replaced(text, ":1", ":4294967296"))),
                 "extra files: directory must be");
  expect_refused(decode_extra_files(bytes_of(text.substr(0, text.size() - 1))),
                 "extra files: must be");
}

}  // namespace
}  // namespace mpiferry::wire

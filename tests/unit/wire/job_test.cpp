#include "engine/wire/job.hpp"

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/unit/wire/bytes.hpp"

namespace mpiferry::wire {
namespace {

// A path that is not UTF-8, with every kind of byte that JSON finds difficult.
const std::string kAnyBytes{"out/\xff\xc0\x80\0\n\"\\{rank}", 16};

template <class Message>
std::string encoded(const Message& message) {
  std::array<std::byte, kControlPayload.value> buffer{};
  const auto size = encode(message, std::span<std::byte>{buffer});
  EXPECT_TRUE(size);
  return size ? std::string{text_of(std::span{buffer}.first(*size))} : std::string{};
}

Job some_job() {
  Job job;
  job.destination = kAnyBytes;
  job.job_lock = "4f686686a1b2c3d4";
  job.master.machine = "7c1f";
  job.source.id = "66305:17";
  job.source.shared_id = "17:65536:1.5";
  job.master.host = "node0";
  job.source.attributes = {
      .mode = 0640, .uid = 1000, .gid = 100, .mtime_seconds = -5, .mtime_nanoseconds = 7};
  job.preserve = true;
  job.source.data = 4_GiB;
  job.stall_timeout = std::chrono::seconds{60};
  job.source.size = 5_GiB;
  job.chunk_size = 1_MiB;
  job.layout = Layout::stripes;
  job.window = 8;
  job.workers = 4;
  job.fsync = true;
  job.faults.corrupt_every = 3;
  job.faults.corrupt_first = 1;
  job.faults.stall_rank = Rank{2};
  job.faults.stall_after = 10;
  job.faults.write_delay = std::chrono::milliseconds{20};
  return job;
}

Failure some_failure() {
  Failure failure;
  failure.code = Errc::dest_write_failed;
  failure.rank = Rank{2};
  failure.host = "node7";
  failure.path = kAnyBytes;
  failure.call = "pwrite";
  failure.system_errno = ENOSPC;
  failure.detail = "gr\xc3\xbc\xc3\x9f";
  failure.hint = "free some space";
  return failure;
}

// Returns `text` with the first `from` replaced.
std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from << " is not in " << text;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

void expect_job_refused(const std::string& text, const char* detail) {
  const auto job = decode_job(bytes_of(text));
  ASSERT_FALSE(job) << text;
  EXPECT_EQ(job.error().code, Errc::bad_field);
  EXPECT_EQ(job.error().detail.substr(0, std::string_view{detail}.size()), detail);
}

TEST(Job, decode_refuses_modes_that_are_none) {
  const std::string text = encoded(some_job());
  for (const char* mode : {"\"\"", "\"8\"", "\"0640 \"", "\"17777\"", "416", "null"}) {
    expect_job_refused(replaced(text, "\"0640\"", mode), "job: source.attributes.mode");
  }
}

TEST(Over, decode_returns_what_encode_wrote) {
  for (const Errc verdict : {Errc::ok, Errc::dest_write_failed}) {
    const auto over = decode_over(bytes_of(encoded(Over{verdict})));
    ASSERT_TRUE(over);
    EXPECT_EQ(over->verdict, verdict);
  }
  EXPECT_FALSE(decode_over(bytes_of("{}")));
}

TEST(Job, decode_returns_what_encode_wrote) {
  Job job = some_job();
  for (int variant = 0; variant < 3; ++variant) {
    const auto decoded = decode_job(bytes_of(encoded(job)));
    ASSERT_TRUE(decoded) << decoded.error().message();
    EXPECT_EQ(*decoded, job);
    job.faults = {};
    job.source.attributes.reset();
    job.source.data.reset();
    job.preserve = false;
    job.source.size = variant == 0 ? std::optional<Bytes>{} : 0_B;
    std::swap(job.fsync, job.force);
    job.discard = !job.discard;
    job.direct = !job.direct;
    job.resume = variant == 0;
    job.reroute = variant == 1;
  }
}

TEST(Job, a_stream_of_unknown_size_is_not_an_empty_file) {
  Job job = some_job();
  job.source.size.reset();
  EXPECT_EQ(decode_job(bytes_of(encoded(job)))->source.size, std::nullopt);
  job.source.size = 0_B;
  EXPECT_EQ(decode_job(bytes_of(encoded(job)))->source.size, 0_B);
}

TEST(Job, decode_ignores_fields_that_it_does_not_know) {
  const std::string text = replaced(encoded(some_job()), "{", R"({"later": [1, {"x": 2}], )");
  const auto job = decode_job(bytes_of(text));
  ASSERT_TRUE(job);
  EXPECT_EQ(*job, some_job());
}

TEST(Job, decode_refuses_impossible_values_and_names_the_field) {
  Job job = some_job();
  job.destination = "out";
  const std::string text = encoded(job);
  const auto with = [&text](const char* from, const char* to) { return replaced(text, from, to); };

  expect_job_refused(with(R"("out")", "7"), "job: destination must be");
  expect_job_refused(with(R"("out")", R"({"hex":"f"})"), "job: destination must be");
  expect_job_refused(with("5368709120", "9223372036854775809"), "job: source.size must be");
  expect_job_refused(with("5368709120", "-1"), "job: source.size must be");
  expect_job_refused(with("5368709120", "1e9"), "job: source.size must be");
  expect_job_refused(with("\"chunk_size\":1048576", "\"chunk_size\":0"), "job: chunk_size must be");
  expect_job_refused(with("\"chunk_size\":1048576", "\"chunk_size\":1073741825"),
                     "job: chunk_size must be");
  expect_job_refused(with("\"window\":8", "\"window\":0"), "job: window must be");
  expect_job_refused(with("\"window\":8", "\"window\":1025"), "job: window must be");
  expect_job_refused(with("\"window\":8", "\"window\":4294967296"), "job: window must be");
  expect_job_refused(with("\"workers\":4", "\"workers\":0"), "job: workers must be");
  expect_job_refused(with("\"workers\":4", "\"workers\":2147483647"), "job: workers must be");
  expect_job_refused(with("\"fsync\":true", "\"fsync\":1"), "job: fsync must be");
  expect_job_refused(with("\"fsync\":", "\"sync\":"), "job: fsync is missing");
  expect_job_refused(with("\"source\":", "\"sauce\":"), "job: source is missing");
  expect_job_refused(with("\"stall_rank\":2", "\"stall_rank\":-2"), "job: faults.stall_rank must");
  expect_job_refused(with("\"write_delay_us\":20000", "\"write_delay_us\":9223372036854775807"),
                     "job: faults.write_delay_us must");
  expect_job_refused(with("\"corrupt_every\":3,", ""), "job: faults.corrupt_every is missing");
}

TEST(Job, decode_accepts_the_limits) {
  Job job = some_job();
  job.source.size = Bytes{kMaxChunks * kMaxChunkSize.value};
  job.chunk_size = kMaxChunkSize;
  job.window = kMaxWindow;
  job.workers = 2147483646;
  const auto decoded = decode_job(bytes_of(encoded(job)));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, job);
}

TEST(Job, decode_refuses_a_source_of_more_chunks_than_a_job_may_have) {
  Job job = some_job();
  job.chunk_size = 1_B;
  for (const std::uint64_t size : {kMaxChunks + 1, std::uint64_t{1} << 63U}) {
    job.source.size = Bytes{size};
    expect_job_refused(encoded(job), "job: source.size must be at most 268435456 chunks");
  }
  job.source.size = Bytes{kMaxChunks};
  EXPECT_TRUE(decode_job(bytes_of(encoded(job))));
  job.chunk_size = 2_B;
  job.source.size = Bytes{2 * kMaxChunks + 1};
  expect_job_refused(encoded(job), "job: source.size must be at most 268435456 chunks");
}

TEST(Job, encode_refuses_what_does_not_fit) {
  Job job = some_job();
  job.destination = std::string(kControlPayload.value, 'x');
  std::array<std::byte, kControlPayload.value> buffer{};
  const auto size = encode(job, buffer);
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().code, Errc::bad_length);
}

TEST(Job, encode_fills_a_buffer_that_fits_exactly) {
  const std::size_t exact = encoded(some_job()).size();
  ByteVector buffer(exact);
  EXPECT_TRUE(encode(some_job(), std::span{buffer}));
  EXPECT_FALSE(encode(some_job(), std::span{buffer}.first(exact - 1)));
}

TEST(Ready, decode_returns_what_encode_wrote) {
  Ready ready{.host = "node7",
              .machine = "7c1f",
              .directory = kAnyBytes,
              .directory_id = "66305:42",
              .shares_master_directory = true};
  EXPECT_EQ(*decode_ready(bytes_of(encoded(ready))), ready);
  ready.capacity = {.needed = 5_GiB,
                    .files = 3,
                    .available = 4_GiB,
                    .inodes = 2,
                    .file_system = "17",
                    .freed = 3_GiB,
                    .freed_files = 9};
  const auto decoded = decode_ready(bytes_of(encoded(ready)));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, ready);
}

TEST(End, decode_returns_what_encode_wrote) {
  for (const Errc verdict : {Errc::ok, Errc::chunk_corrupt, Errc::internal}) {
    const End end{verdict, 17, "data.xxh3"};
    const auto decoded = decode_end(bytes_of(encoded(end)));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, end);
  }
}

TEST(End, decode_refuses_a_verdict_that_is_no_error) {
  const std::string text = replaced(encoded(End{}), "\"ok\"", "\"fine\"");
  const auto end = decode_end(bytes_of(text));
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().detail, "end: verdict must be the name of an error");
}

TEST(Closed, decode_returns_what_encode_wrote) {
  Closed closed{1, Bytes{~std::uint64_t{0}}, 3, 4};
  for (int times = 0; times < 2; ++times) {
    const auto decoded = decode_closed(bytes_of(encoded(closed)));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, closed);
    closed.failure = some_failure();
  }
}

TEST(Closed, decode_refuses_a_failure_that_is_none) {
  Closed closed;
  closed.failure = some_failure();
  const std::string text = replaced(encoded(closed), "\"dest_write_failed\"", "\"ok\"");
  const auto decoded = decode_closed(bytes_of(text));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().detail, "closed: failure.code must be an error");
}

TEST(FailureMessage, decode_returns_what_encode_wrote) {
  EXPECT_EQ(decode_failure(bytes_of(encoded(some_failure()))), some_failure());
}

TEST(FailureMessage, one_that_cannot_be_read_is_a_failure_as_well) {
  const std::string text = encoded(some_failure());
  for (const std::string& bad :
       {std::string{}, std::string{"[]"}, replaced(text, "\"dest_write_failed\"", "\"ok\""),
        replaced(text, "\"dest_write_failed\"", "\"oops\""),
        replaced(text, "\"rank\":2", "\"rank\":-2"),
        replaced(text, "\"errno\":28", "\"errno\":-28")}) {
    const Failure failure = decode_failure(bytes_of(bad));
    EXPECT_EQ(failure.code, Errc::bad_field) << bad;
    EXPECT_EQ(failure.detail.substr(0, 9), "failure: ") << bad;
  }
}

// What any decoder must survive, whoever sent it.
void expect_all_refuse(std::string_view text) {
  const auto payload = bytes_of(text);
  EXPECT_FALSE(decode_job(payload));
  EXPECT_FALSE(decode_ready(payload));
  EXPECT_FALSE(decode_end(payload));
  EXPECT_FALSE(decode_closed(payload));
  EXPECT_EQ(decode_failure(payload).code, Errc::bad_field);
}

TEST(HostileJson, every_decoder_refuses_what_is_no_message) {
  for (const char* text : {"", " ", "null", "7", "\"x\"", "[]", "{}", "{", "}", "{\"", "nul",
                           "{}{}", "1e999999", "\xff\xfe", "\xef\xbb\xbf{}", "{\"a\":\"\xff\"}"}) {
    expect_all_refuse(text);
  }
  expect_all_refuse(std::string(kControlPayload.value, '\0'));
}

TEST(HostileJson, no_depth_of_nesting_exhausts_the_stack) {
  // A recursive parser or destructor would need far more than 8 MiB of stack.
  constexpr std::size_t kDepth = 200'000;
  const std::string open(kDepth, '[');
  const auto refused = [](const std::string& text) { return !decode_job(bytes_of(text)); };
  EXPECT_TRUE(refused(open));
  EXPECT_TRUE(refused(open + std::string(kDepth, ']')));
  std::string objects;
  for (std::size_t i = 0; i < kDepth; ++i) objects += "{\"a\":";
  EXPECT_TRUE(refused(objects));
  EXPECT_TRUE(refused(objects + "1" + std::string(kDepth, '}')));

  const std::string known =
      replaced(encoded(some_job()), "{", "{\"later\":" + open + std::string(kDepth, ']') + ",");
  EXPECT_TRUE(decode_job(bytes_of(known))) << "depth in a field that nobody reads is harmless";
}

TEST(HostileJson, every_truncated_message_is_refused) {
  const std::string job = encoded(some_job());
  for (std::size_t size = 0; size < job.size(); ++size) {
    EXPECT_FALSE(decode_job(bytes_of(job).first(size))) << size;
  }
}

TEST(HostileJson, a_changed_byte_anywhere_never_harms) {
  const std::string job = encoded(some_job());
  const std::string failure = encoded(some_failure());
  for (const char byte : {'\0', '"', '{', '}', '-', '9', 'e', '\\', '\x80', '\xff'}) {
    for (std::size_t i = 0; i < job.size(); ++i) {
      std::string changed = job;
      changed[i] = byte;
      // Whether it is still a job is not the question; a job that is read is in range.
      if (const auto read = decode_job(bytes_of(changed))) {
        EXPECT_GT(read->chunk_size, 0_B);
        EXPECT_LE(read->chunk_size, kMaxChunkSize);
        EXPECT_GT(read->workers, 0U);
        EXPECT_GT(read->window, 0U);
      }
    }
    for (std::size_t i = 0; i < failure.size(); ++i) {
      std::string changed = failure;
      changed[i] = byte;
      EXPECT_NE(decode_failure(bytes_of(changed)).code, Errc::ok);
    }
  }
}

}  // namespace
}  // namespace mpiferry::wire

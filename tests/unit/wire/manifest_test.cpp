#include "engine/wire/manifest.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace mpiferry::wire {
namespace {

Manifest some_manifest() {
  Manifest manifest;
  manifest.source = "data.bin";
  manifest.size = 2500_B;
  manifest.chunk_size = 1000_B;
  manifest.digest = {0xe3503d8de40743b7, 0x269eb834f6c110a9};
  manifest.workers = {{Rank{1}, "node1", "/data/out"}, {Rank{2}, "node2", "/data/out"}};
  manifest.chunk_digests = {0x9555e8555c62dcfd, 0x4c5cca45d0f4811f, 0x0b3b630948ce4a00};
  return manifest;
}

// docs/manifest.md shows this very text.
constexpr const char* kText = R"({
  "schema": "mpiferry.manifest/2",
  "source": "data.bin",
  "size": 2500,
  "digest_algorithm": "XXH128",
  "digest": "e3503d8de40743b7269eb834f6c110a9",
  "layout": "chunks",
  "chunk_size": 1000,
  "chunks": 3,
  "file_names": "chunk_{i}.bin",
  "chunk_digest_algorithm": "XXH3-64",
  "workers": [
    {"rank": 1, "host": "node1", "directory": "/data/out"},
    {"rank": 2, "host": "node2", "directory": "/data/out"}
  ],
  "moved": [],
  "chunk_digests": [
    "9555e8555c62dcfd",
    "4c5cca45d0f4811f",
    "0b3b630948ce4a00"
  ]
}
)";

std::string text_of(const Manifest& manifest) {
  std::string text;
  const Outcome outcome = write_manifest(manifest, [&text](std::string_view piece) -> Outcome {
    text += piece;
    return Nothing{};
  });
  EXPECT_TRUE(outcome);
  return text;
}

std::string replaced(std::string_view from, std::string_view to) {
  std::string text = kText;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

void expect_refused(const std::string& text, std::string_view detail) {
  const auto manifest = read_manifest(text);
  ASSERT_FALSE(manifest) << text.substr(0, 1000);
  EXPECT_EQ(manifest.error().code, Errc::bad_field);
  EXPECT_EQ(manifest.error().detail.substr(0, detail.size()), detail);
}

TEST(Manifest, is_the_documented_text) { EXPECT_EQ(text_of(some_manifest()), kText); }

TEST(Manifest, read_returns_what_write_wrote) {
  Manifest manifest = some_manifest();
  manifest.source = std::string{"\xff\xfe \"\\\n\0", 7};
  manifest.workers[1].directory = "/out/\xc0";
  const auto read = read_manifest(text_of(manifest));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, manifest);
}

TEST(Manifest, of_an_empty_file_has_no_chunks) {
  Manifest manifest = some_manifest();
  manifest.size = 0_B;
  manifest.chunk_digests.clear();
  const auto read = read_manifest(text_of(manifest));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, manifest);
}

TEST(Manifest, of_many_chunks_is_written_in_small_pieces) {
  Manifest manifest = some_manifest();
  constexpr std::uint64_t kChunks = 100'000;
  manifest.size = Bytes{kChunks * 1000};
  manifest.chunk_digests.clear();
  for (std::uint64_t i = 0; i < kChunks; ++i) {
    manifest.chunk_digests.push_back(i * 0x9e3779b97f4a7c15U);
  }
  std::string text;
  std::size_t pieces = 0;
  std::size_t largest = 0;
  const Outcome outcome = write_manifest(manifest, [&](std::string_view piece) -> Outcome {
    text += piece;
    ++pieces;
    largest = std::max(largest, piece.size());
    return Nothing{};
  });
  ASSERT_TRUE(outcome);
  EXPECT_LT(largest, 66'000U);
  EXPECT_GT(pieces, text.size() / 66'000);
  EXPECT_LT(pieces, text.size() / 60'000 + 2) << "pieces too small to be worth a write";

  const auto read = read_manifest(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, manifest);
}

TEST(Manifest, write_stops_at_the_sinks_first_failure) {
  Manifest manifest = some_manifest();
  manifest.chunk_digests.assign(100'000, 1);
  int calls = 0;
  const Outcome outcome = write_manifest(manifest, [&calls](std::string_view) -> Outcome {
    if (++calls < 3) return Nothing{};
    Failure failure;
    failure.code = Errc::report_write_failed;
    failure.path = "manifest.json";
    return failure;
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::report_write_failed);
  EXPECT_EQ(outcome.error().path, "manifest.json");
  EXPECT_EQ(calls, 3);
}

TEST(Manifest, write_reports_a_failure_of_the_last_piece) {
  const Outcome outcome =
      write_manifest(some_manifest(), [](std::string_view) -> Outcome { return Failure{}; });
  EXPECT_FALSE(outcome);
}

TEST(Manifest, read_accepts_any_order_and_spacing_and_unknown_fields) {
  std::string text = replaced("{\n", R"({"later": {"chunk_digests": ["0000000000000000"]},)");
  std::erase(text, '\n');
  auto read = read_manifest(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, some_manifest());

  text = kText;
  text.replace(text.rfind("\n}"), 2, R"(, "later": {"chunk_digests": "0000000000000000"}})");
  read = read_manifest(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, some_manifest());

  text = replaced("  \"schema\": \"mpiferry.manifest/2\",\n", "");
  text.replace(text.rfind("\n}"), 2, R"(, "schema": "mpiferry.manifest/2"})");
  read = read_manifest(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, some_manifest());
}

TEST(Manifest, read_refuses_what_is_no_manifest) {
  for (const char* text : {"", "null", "[]", "7", "{", "[\"0000000000000000\"]", "\xff"}) {
    expect_refused(text, "manifest: must be an object");
  }
  expect_refused("{}", "manifest: schema is missing");
  expect_refused(std::string{kText} + "x", "manifest: must be an object");
}

TEST(Manifest, read_refuses_another_schema_or_rule) {
  expect_refused(replaced("manifest/2", "manifest/1"), "manifest: schema must be");
  expect_refused(replaced("\"chunks\",", "\"rows\","), "manifest: layout must be");
  expect_refused(replaced("\"chunks\",", "\"stripes\","), "manifest: file_names must be");
  expect_refused(replaced("chunk_{i}", "../chunk_{i}"), "manifest: file_names must be");
  expect_refused(replaced("XXH128", "SHA256"), "manifest: digest_algorithm must be");
  expect_refused(replaced("XXH3-64", "CRC32"), "manifest: chunk_digest_algorithm must be");
}

TEST(Manifest, read_refuses_impossible_sizes) {
  for (const char* size : {"0", "1073741825", "-1", "1000.0", "\"1000\"", "18446744073709551615"}) {
    expect_refused(replaced(": 1000,", std::string{": "} + size + ","),
                   "manifest: chunk_size must be");
  }
  for (const char* size : {"-1", "9223372036854775809", "18446744073709551616", "null"}) {
    expect_refused(replaced(": 2500,", std::string{": "} + size + ","), "manifest: size must be");
  }
}

TEST(Manifest, read_refuses_a_count_of_chunks_that_is_not_the_plans) {
  expect_refused(replaced("\"chunks\": 3", "\"chunks\": 2"), "manifest: chunks must be");
  expect_refused(replaced("\"chunks\": 3", "\"chunks\": -3"), "manifest: chunks must be");
  expect_refused(replaced(": 2500,", ": 3001,"), "manifest: chunks must be");
  expect_refused(replaced(": 2500,", ": 9223372036854775808,"), "manifest: chunks must be");
  expect_refused(replaced(",\n    \"0b3b630948ce4a00\"", ""),
                 "manifest: chunk_digests must be 3 digests, not 2");
  expect_refused(replaced("\"9555", "\"0000000000000000\", \"9555"),
                 "manifest: chunk_digests must be 3 digests, not 4");
}

TEST(Manifest, read_refuses_digests_that_are_not_hexadecimal) {
  for (const char* bad : {"\"\"", "\"9555e8555c62dcf\"", "\"9555e8555c62dcfg\"", "7", "null", "[]",
                          "{}", "[\"9555e8555c62dcfd\"]"}) {
    expect_refused(replaced("\"9555e8555c62dcfd\"", bad), "manifest: chunk_digests must be an");
  }
  expect_refused(replaced("\"e3503d8de40743b7", "\"x3503d8de40743b7"), "manifest: digest must be");
  expect_refused(replaced("\"e3503d8de40743b7", "\""), "manifest: digest must be");
}

TEST(Manifest, read_refuses_digests_that_are_no_array) {
  std::string text = kText;
  text.resize(text.find("\"chunk_digests\""));
  expect_refused(text + R"("chunk_digests": {"a": "9555e8555c62dcfd"}})",
                 "manifest: chunk_digests must be an array");
  expect_refused(text + R"("chunk_digests": null})", "manifest: chunk_digests must be an array");
  expect_refused(text + R"("later": 1})", "manifest: chunk_digests is missing");
}

TEST(Manifest, read_takes_the_last_of_repeated_digests) {
  const auto read = read_manifest(replaced("{\n", R"({"chunk_digests": ["0000000000000000"],)"));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->chunk_digests, some_manifest().chunk_digests);
}

TEST(Manifest, read_refuses_no_workers_and_impossible_ones) {
  std::string text = kText;
  const std::size_t begin = text.find('[');
  text.replace(begin, text.find(']') + 1 - begin, "[]");
  expect_refused(text, "manifest: workers must be");
  expect_refused(replaced("\"rank\": 2", "\"rank\": 0"), "manifest: workers[1]: rank must be");
  expect_refused(replaced("\"rank\": 2", "\"rank\": 1"), "manifest: workers[1]: rank must be 2");
  expect_refused(replaced("\"rank\": 2", "\"rank\": 3"), "manifest: workers[1]: rank must be 2");
  expect_refused(replaced("\"rank\": 1,", ""), "manifest: workers[0]: rank is missing");
  expect_refused(replaced("\"node2\"", "2"), "manifest: workers[1]: host must be");
  expect_refused(replaced("\"workers\": [", "\"workers\": [7, "),
                 "manifest: workers[0]: must be an object");
  expect_refused(replaced("\"workers\"", "\"helpers\""), "manifest: workers is missing");
}

TEST(Manifest, read_refuses_host_names_that_would_lead_elsewhere) {
  for (const char* host : {"", ".", "..", "../x", "/etc", "a/b", "a\\u0000b"}) {
    expect_refused(replaced("node2", host), "manifest: workers[1]: host must be a name");
  }
  EXPECT_TRUE(read_manifest(replaced("node2", "node2.rack..7")));
}

TEST(Manifest, says_which_chunks_lie_elsewhere) {
  Manifest manifest = some_manifest();
  manifest.moved = {{ChunkIndex{0}, Rank{2}}, {ChunkIndex{1}, Rank{1}}};
  const auto read = read_manifest(text_of(manifest));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, manifest);
  EXPECT_EQ(read->holder_of(ChunkIndex{0}), Rank{2});
  EXPECT_EQ(read->holder_of(ChunkIndex{1}), Rank{1});
  EXPECT_EQ(read->holder_of(ChunkIndex{2}), Rank{1}) << "its own";
  EXPECT_TRUE(read->is_moved(ChunkIndex{1}));
  EXPECT_FALSE(read->is_moved(ChunkIndex{2}));
}

TEST(Manifest, read_refuses_moved_chunks_that_can_not_be) {
  for (const char* moved :
       {"[[0, 3]]", "[[0, 0]]", "[[3, 2]]", "[[0, 1]]", "[[1, 1], [0, 2]]", "[[0, 2], [0, 2]]",
        "[[0]]", "[[0, 2, 2]]", "[0]", "[[-1, 2]]", "[[0, -2]]", "[[0.0, 2]]", "7", "null",
        "{\"0\": 2}", "[[18446744073709551615, 2]]"}) {
    expect_refused(replaced("\"moved\": []", std::string{"\"moved\": "} + moved),
                   "manifest: moved must be");
  }
  expect_refused(replaced("\"moved\": [],", ""), "manifest: moved is missing");
}

TEST(Manifest, tells_the_layouts_apart) {
  Manifest manifest = some_manifest();
  for (const Layout layout : {Layout::chunks, Layout::stripes, Layout::file}) {
    manifest.layout = layout;
    const auto read = read_manifest(text_of(manifest));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->layout, layout);
    EXPECT_EQ(layout_from_name(layout_name(layout)), layout);
  }
}

TEST(Manifest, no_depth_of_nesting_exhausts_the_stack) {
  const std::string open(200'000, '[');
  const std::string close(200'000, ']');
  expect_refused(open, "manifest: must be an object");
  expect_refused(replaced("\"9555e8555c62dcfd\"", open + close), "manifest: chunk_digests must be");
  EXPECT_TRUE(read_manifest(replaced("{\n", "{\"later\": " + open + close + ",")));
}

// If it were quadratic, this would take an hour: the time limit of the test is what fails.
TEST(Manifest, reading_takes_time_in_proportion_to_the_text) {
  std::string objects = "[{}";
  for (int i = 0; i < 1'000'000; ++i) objects += ",{}";
  objects += "]";
  EXPECT_TRUE(read_manifest(replaced("{\n", "{\"later\": " + objects + ",")));
  std::string text = kText;
  const std::size_t begin = text.find('[');
  text.replace(begin, text.find(']') + 1 - begin, objects);
  expect_refused(text, "manifest: workers[0]: rank is missing");
}

TEST(Manifest, every_truncated_text_is_refused) {
  const std::string_view whole{kText};
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    EXPECT_FALSE(read_manifest(whole.substr(0, size))) << size;
  }
}

TEST(Manifest, a_changed_byte_anywhere_never_harms) {
  for (const char byte : {'\0', '"', '[', ']', '}', '-', '9', 'e', '\\', '\xff'}) {
    for (std::size_t i = 0; i < std::string_view{kText}.size(); ++i) {
      std::string text = kText;
      text[i] = byte;
      if (const auto read = read_manifest(text)) {
        EXPECT_EQ(read->chunk_digests.size(), 3U);
        EXPECT_FALSE(read->workers.empty());
      }
    }
  }
}

}  // namespace
}  // namespace mpiferry::wire

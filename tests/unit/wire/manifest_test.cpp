// What is written is read again.
#include "engine/wire/manifest.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/wire/manifest_sample.hpp"

namespace mpiferry::wire {
namespace {

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

TEST(Manifest, read_takes_the_last_of_repeated_digests) {
  const auto read = read_manifest(replaced("{\n", R"({"chunk_digests": ["0000000000000000"],)"));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->chunk_digests, some_manifest().chunk_digests);
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

}  // namespace
}  // namespace mpiferry::wire

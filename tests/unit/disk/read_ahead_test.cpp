// Many small reads from one system call: the same bytes, the same ends, the same failures.
#include "engine/disk/read_ahead.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::disk {
namespace {

constexpr std::size_t kSize = 200'003;  // several times what is read ahead, and a rest

class ReadAheadTest : public ::testing::Test {
 protected:
  ReadAheadTest() {
    for (std::size_t i = 0; i < kSize; ++i) text += static_cast<char>(i * 31 + i / 251);
    std::ofstream{path, std::ios::binary} << text;
  }
  Source open() {
    auto source = Source::open(files, io, path);
    if (!source) throw std::runtime_error{source.error().message()};
    return std::move(*source);
  }
  static std::string_view text_of(const std::vector<std::byte>& bytes, std::size_t count) {
    return {reinterpret_cast<const char*>(bytes.data()), count};
  }

  boost::asio::io_context io{1};
  test::TemporaryDirectory directory;
  std::string path = directory / "source";
  std::string text;
};

TEST_F(ReadAheadTest, reads_what_the_file_holds_whatever_the_size_of_a_read) {
  for (const std::size_t each : {1'000U, 1'024U, 4'096U, 16'384U, 16'385U, 100'000U, 300'000U}) {
    Source source = open();
    ReadAhead ahead;
    std::vector<std::byte> out(each);
    for (std::size_t at = 0; at < kSize; at += each) {
      const auto read = ahead.read(source, Bytes{at}, out);
      ASSERT_TRUE(read) << read.error().message();
      ASSERT_EQ(read->bytes, std::min(each, kSize - at));
      EXPECT_EQ(read->end, at + read->bytes == kSize);
      ASSERT_EQ(text_of(out, read->bytes), text.substr(at, read->bytes)) << each << " at " << at;
    }
    EXPECT_TRUE(ahead.read(source, Bytes{kSize}, out)->end);
  }
}

TEST_F(ReadAheadTest, goes_back_and_forth) {
  Source source = open();
  ReadAhead ahead;
  std::vector<std::byte> out(1024);
  for (const std::size_t at : {0U, 150'000U, 149'500U, 512U, 65'000U, 199'500U, 0U}) {
    const auto read = ahead.read(source, Bytes{at}, out);
    ASSERT_TRUE(read);
    EXPECT_EQ(text_of(out, read->bytes), text.substr(at, 1024)) << at;
  }
}

TEST_F(ReadAheadTest, tells_of_a_file_that_shrank_below_what_it_has_read) {
  Source source = open();
  ReadAhead ahead;
  std::vector<std::byte> out(1024);
  ASSERT_TRUE(ahead.read(source, Bytes{0}, out));
  std::filesystem::resize_file(path, 100'000);
  const auto read = ahead.read(source, Bytes{120'000}, out);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::source_changed);
  // And is none the worse for it.
  const auto before = ahead.read(source, Bytes{1024}, out);
  ASSERT_TRUE(before);
  EXPECT_EQ(text_of(out, 1024), text.substr(1024, 1024));
}

}  // namespace
}  // namespace mpiferry::disk

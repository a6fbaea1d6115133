// OffsetPartialFile reserves space, and writes large numbers of bytes.
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/disk/offset_partial_file.hpp"
#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/bytes.hpp"
#include "tests/unit/disk/file_size_limit.hpp"
#include "tests/unit/disk/isolation.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::disk {
namespace {

namespace fs = std::filesystem;

OffsetPartialFile open_in(const Directory& directory, OpenMode open_mode) {
  Result<OffsetPartialFile> part = OffsetPartialFile::open(directory, "file.bin", open_mode);
  EXPECT_TRUE(part) << part.error().message();
  return std::move(*part);
}

class OffsetPartialFileBytes : public testing::Test {
 protected:
  OffsetPartialFile open(OpenMode open_mode = OpenMode::create) const {
    return open_in(directory, open_mode);
  }
  test::TemporaryDirectory temporary;
  Directory directory = *Directory::open_or_create(files, temporary.path());
};

TEST_F(OffsetPartialFileBytes, preallocated_has_its_size_and_its_space) {
  OffsetPartialFile part = open();
  ASSERT_TRUE(part.preallocate(Bytes{100'000}));
  struct stat status {};
  ASSERT_EQ(::stat((temporary / "file.bin.part").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 100'000);
  EXPECT_GE(status.st_blocks * 512, 100'000);
}

TEST_F(OffsetPartialFileBytes, preallocated_never_shrinks_and_keeps_what_it_holds) {
  temporary.put("file.bin.part", "kept bytes");
  OffsetPartialFile part = open(OpenMode::resume);
  ASSERT_TRUE(part.preallocate(Bytes{4}));
  EXPECT_EQ(temporary.get("file.bin.part"), "kept bytes");
  ASSERT_TRUE(part.preallocate(Bytes{12}));
  EXPECT_EQ(temporary.get("file.bin.part"), (std::string{"kept bytes\0\0", 12}));
}

TEST_F(OffsetPartialFileBytes, preallocated_above_the_file_size_limit_says_so) {
  const test::FileSizeLimit limit{4096};
  OffsetPartialFile part = open();
  for (const std::uint64_t size : {std::uint64_t{5000}, ~std::uint64_t{0}}) {
    const Outcome reserved = part.preallocate(Bytes{size});
    ASSERT_FALSE(reserved);
    EXPECT_EQ(reserved.error().code, Errc::dest_write_failed);
    EXPECT_EQ(reserved.error().path, temporary / "file.bin.part");
    EXPECT_EQ(reserved.error().call, "fallocate");
    EXPECT_EQ(reserved.error().system_errno, EFBIG);
    EXPECT_NE(reserved.error().hint.find("ulimit -f"), std::string::npos);
  }
}

TEST_F(OffsetPartialFileBytes, above_the_file_size_limit_says_EFBIG_and_what_fits_is_written) {
  const test::FileSizeLimit limit{4096};
  const OffsetPartialFile part = open();
  const WriteError error = part.write(Bytes{4000}, bytes(std::string(4000, 'y')));
  EXPECT_EQ(error.call, Call::write);
  EXPECT_EQ(error.system_errno, EFBIG);
  EXPECT_EQ(part.size()->value, 4096U) << "a short write, then the error";
}

TEST_F(OffsetPartialFileBytes, on_a_full_disk_says_ENOSPC_before_the_first_byte) {
  const std::string why = test::with_private_tmpfs(temporary.path(), "size=64k", false, [&] {
    const Directory full = *Directory::open_or_create(files, temporary.path());
    OffsetPartialFile part = open_in(full, OpenMode::create);
    const Outcome reserved = part.preallocate(Bytes{100'000});
    ASSERT_FALSE(reserved);
    EXPECT_EQ(reserved.error().code, Errc::dest_write_failed);
    EXPECT_EQ(reserved.error().system_errno, ENOSPC);
    EXPECT_FALSE(reserved.error().hint.empty());
    const WriteError error = part.write({}, bytes(std::string(100'000, 'x')));
    EXPECT_EQ(error.call, Call::write);
    EXPECT_EQ(error.system_errno, ENOSPC);
    part.discard();
    EXPECT_TRUE(temporary.names().empty());
    OffsetPartialFile smaller = open_in(full, OpenMode::create);
    EXPECT_TRUE(smaller.preallocate(Bytes{40'000})) << "the space was given back";
  });
  if (!why.empty()) GTEST_SKIP() << "no mount of our own: " << why;
}

TEST_F(OffsetPartialFileBytes, is_written_by_several_receive_slots_at_the_same_time) {
  constexpr std::size_t kSlice = 1000;
  constexpr std::size_t kSlices = 400;
  OffsetPartialFile part = open();
  part.go_direct();
  std::vector<std::thread> slots;
  std::vector<int> errors(4);
  for (std::size_t slot = 0; slot < errors.size(); ++slot) {
    slots.emplace_back([&, slot] {
      for (std::size_t i = slot; i < kSlices; i += errors.size()) {
        const std::string slice(kSlice, static_cast<char>('a' + i % 26));
        if (const WriteError error = part.write(Bytes{i * kSlice}, bytes(slice)); error)
          errors[slot] = error.system_errno;
      }
    });
  }
  for (std::thread& slot : slots) slot.join();
  EXPECT_EQ(errors, std::vector<int>(4));
  ASSERT_FALSE(part.publish(Bytes{kSlices * kSlice}, false, false));
  std::string all;
  for (std::size_t i = 0; i < kSlices; ++i)
    all += std::string(kSlice, static_cast<char>('a' + i % 26));
  EXPECT_EQ(temporary.get("file.bin"), all);
}

// It also writes to the working directory, because the temporary one may be on a file system
// without O_DIRECT.
TEST_F(OffsetPartialFileBytes, has_the_same_bytes_when_they_go_past_the_page_cache) {
  std::vector<std::byte> buffer(kPageSize * 5);
  const std::size_t aligned =
      (kPageSize - reinterpret_cast<std::uintptr_t>(buffer.data()) % kPageSize) % kPageSize;
  for (std::size_t i = 0; i < buffer.size(); ++i)
    buffer[i] = static_cast<std::byte>(i * 7 + i / 253);
  const auto pages = std::span{buffer}.subspan(aligned);
  struct Piece {
    std::uint64_t offset;
    std::span<const std::byte> bytes;
  };
  for (const std::string& place : {fs::temp_directory_path().string(), std::string{"."}}) {
    const Directory there = *Directory::open_or_create(files, place + "/offset_part_test.direct");
    const auto expect = [&](const std::vector<Piece>& pieces) {
      OffsetPartialFile part = open_in(there, OpenMode::create);
      part.go_direct();
      part.go_direct();
      std::string all;
      for (const Piece& piece : pieces) {
        ASSERT_FALSE(part.write(Bytes{piece.offset}, piece.bytes));
        all.resize(std::max(all.size(), piece.offset + piece.bytes.size()));
        const auto* text = reinterpret_cast<const char*>(piece.bytes.data());
        all.replace(piece.offset, piece.bytes.size(), text, piece.bytes.size());
      }
      ASSERT_FALSE(part.sync());
      ASSERT_FALSE(part.publish(Bytes{all.size()}, false, true));
      std::ifstream file{there.path() + "/file.bin", std::ios::binary};
      EXPECT_EQ(std::string(std::istreambuf_iterator<char>{file}, {}), all);
    };
    expect({});
    expect({{2 * kPageSize, pages.first(2 * kPageSize)}, {0, pages.first(2 * kPageSize)}});
    expect({{kPageSize, pages.first(2 * kPageSize + 17)}});  // a tail, no page
    expect({{0, pages.subspan(1, 2 * kPageSize)}});          // not aligned in memory
    expect({{100, pages.first(3 * kPageSize)}});             // nor in the file
    expect({{100, pages.subspan(100, 3 * kPageSize)}});      // after a head they are
    expect({{100, pages.subspan(100, 50)}, {150, pages.subspan(150, 20)}});  // a head alone
    fs::remove_all(there.path());
  }
}

}  // namespace
}  // namespace mpiferry::disk

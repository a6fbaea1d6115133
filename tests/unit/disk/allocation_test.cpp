// Counts every operator new of this program, to hold the disk to its word: no heap for a chunk.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <string>

#include <gtest/gtest.h>

#include "engine/disk/directory.hpp"
#include "engine/disk/file_name.hpp"
#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace {
std::atomic<std::uint64_t> allocations{0};
}  // namespace

// The other forms (array, nothrow) call this one; nothing here is over-aligned. Not inlined:
// GCC would take malloc() with delete, or new with free(), for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace mpiferry::disk {
namespace {

TEST(Allocation, is_counted) {
  const std::uint64_t before = allocations;
  const auto number = std::make_unique<int>(7);
  EXPECT_EQ(*number, 7);
  EXPECT_EQ(allocations - before, 1U);
}

TEST(PartialFile, costs_no_allocation_from_open_to_publish) {
  const test::TemporaryDirectory temporary;
  const Directory directory = *Directory::open_or_create(files, temporary.path());
  const std::string payload(10'000, 'x');
  const std::uint64_t before = allocations;
  bool failed = false;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const ChunkName name{ChunkIndex{i}};
    OpenedPartialFile part = directory.open_partial(name.view(), 0x1234);
    failed |= static_cast<bool>(part.error);
    failed |= static_cast<bool>(part.file.append(std::as_bytes(std::span{payload})));
    failed |= static_cast<bool>(part.file.publish(false));
    failed |= !directory.exists(name.view());
  }
  EXPECT_EQ(allocations - before, 0U);
  EXPECT_FALSE(failed);
  EXPECT_EQ(temporary.names().size(), 100U);
}

TEST(PartialFile, costs_no_allocation_when_it_fails) {
  const test::TemporaryDirectory temporary;
  const Directory directory = *Directory::open_or_create(files, temporary.path());
  const std::string too_long(65, 'x');
  const std::uint64_t before = allocations;
  const OpenedPartialFile part = directory.open_partial(too_long, 1);
  EXPECT_EQ(allocations - before, 0U);
  EXPECT_TRUE(part.error);
}

}  // namespace
}  // namespace mpiferry::disk

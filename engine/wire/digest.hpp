// XXH3-64 of chunks and XXH128 of whole files, with the values and spelling of `xxhsum -H3` and
// `xxhsum -H2`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace mpiferry::wire {

// False in a build with MPIFERRY_NO_DIGEST: it checks nothing, and exists to be measured against.
bool digests_are_real() noexcept;

// XXH3-64, seed 0. Thread-safe.
std::uint64_t chunk_digest(std::span<const std::byte> bytes) noexcept;

// XXH3-64 of bytes that come in pieces; equal to chunk_digest of the whole. value() may be asked at
// any time, and more bytes may follow. One that was moved from can only be assigned or destroyed.
class ChunkDigest {
 public:
  ChunkDigest();
  ~ChunkDigest();
  ChunkDigest(ChunkDigest&&) noexcept;
  ChunkDigest& operator=(ChunkDigest&&) noexcept;
  void reset() noexcept;
  void update(std::span<const std::byte> bytes) noexcept;
  std::uint64_t value() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Digest128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const Digest128&) const = default;
};

// XXH128, seed 0, of bytes that come in pieces; otherwise like ChunkDigest.
class FileDigest {
 public:
  FileDigest();
  ~FileDigest();
  FileDigest(FileDigest&&) noexcept;
  FileDigest& operator=(FileDigest&&) noexcept;
  void update(std::span<const std::byte> bytes) noexcept;
  Digest128 value() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// 16 and 32 lower-case hexadecimal digits.
std::string to_hex(std::uint64_t digest);
std::string to_hex(Digest128 digest);
// Exactly 16 (32) hexadecimal digits of either case, else bad_field.
Result<std::uint64_t> digest_from_hex(std::string_view hex);
Result<Digest128> digest128_from_hex(std::string_view hex);

// The line that `xxhsum -c` checks: "XXH3 (chunk_7.bin) = 9555e8555c62dcfd\n".
// Precondition: no newline in the name; xxhsum 0.8.1 knows no escape for it.
std::string sums_line(std::string_view file_name, std::uint64_t digest);
// The same for XXH128.
std::string sums_line(std::string_view file_name, Digest128 digest);

}  // namespace mpiferry::wire

// Strong types for the numbers that must not be mixed up: ranks, chunk indices, byte counts.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace mpiferry {

// An MPI rank. Rank 0 is the master, 1 .. size-1 are workers; -1 means "no rank in particular".
struct Rank {
  int value = -1;
  auto operator<=>(const Rank&) const = default;
};
inline constexpr Rank kMaster{0};
inline constexpr Rank kNoRank{-1};

// The position of a chunk in its file, from 0.
struct ChunkIndex {
  std::uint64_t value = 0;
  auto operator<=>(const ChunkIndex&) const = default;
};

// A count of bytes, or an offset in bytes. Arithmetic does not check for overflow.
struct Bytes {
  std::uint64_t value = 0;
  auto operator<=>(const Bytes&) const = default;
  constexpr Bytes operator+(Bytes other) const { return {value + other.value}; }
  constexpr Bytes operator-(Bytes other) const { return {value - other.value}; }
  constexpr Bytes& operator+=(Bytes other) {
    value += other.value;
    return *this;
  }
};

inline namespace literals {
constexpr Bytes operator""_B(unsigned long long n) { return {n}; }
constexpr Bytes operator""_KiB(unsigned long long n) { return {n << 10}; }
constexpr Bytes operator""_MiB(unsigned long long n) { return {n << 20}; }
constexpr Bytes operator""_GiB(unsigned long long n) { return {n << 30}; }
}  // namespace literals

// The largest chunk: with its header it stays below INT_MAX, the limit of an MPI count.
inline constexpr Bytes kMaxChunkSize = 1_GiB;
// The most chunks of a job: the master keeps a digest of 8 bytes for each, 2 GiB in all.
inline constexpr std::uint64_t kMaxChunks = std::uint64_t{1} << 28U;
// The most chunks that a worker may owe an answer: it posts as many receives, and one ack message
// holds the acks of all of them.
inline constexpr std::uint32_t kMaxWindow = 1024;
// Payloads start on a page, so that O_DIRECT can write them from where they landed.
inline constexpr std::size_t kPageSize = 4096;

}  // namespace mpiferry

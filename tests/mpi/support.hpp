// What the tests of the MPI layer share: an event loop with its context on a communicator of its
// own, buffers with recognisable bytes, and handlers that note what they were told.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include "engine/base/buffer_pool.hpp"
#include "engine/mpi/communicator.hpp"
#include "engine/mpi/environment.hpp"
#include "engine/mpi/mpi_context.hpp"

namespace mpiferry::mpi {

namespace asio = boost::asio;

inline constexpr std::chrono::seconds kPatience{20};
inline constexpr int kTag = 11;
// It is far above every eager limit: such a message leaves only when somebody receives it.
inline constexpr Bytes kLarge = 8_MiB;
inline constexpr Bytes kSmall = 256_B;

inline void fill(std::span<std::byte> bytes, std::uint32_t seed) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::byte>((i * 31 + i / 251 + seed * 7919) & 0xff);
  }
}
inline bool holds(std::span<const std::byte> bytes, std::uint32_t seed) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != static_cast<std::byte>((i * 31 + i / 251 + seed * 7919) & 0xff)) return false;
  }
  return true;
}

// What a handler was told, and how often.
struct Outcome {
  int calls = 0;
  ErrorCode error;
  Completion completion;
};
struct Note {
  Outcome* outcome;
  void operator()(ErrorCode error, Completion completion) const {
    ++outcome->calls;
    outcome->error = error;
    outcome->completion = std::move(completion);
  }
};

// Has one io_context with its MpiContext. Collective: every rank makes one, in the same order.
class MpiTest : public ::testing::Test {
 protected:
  Rank rank() const { return comm.rank(); }
  // Messages go around the ring, to the next rank from the one before; with one rank both are the
  // rank itself.
  Rank next() const { return {(rank().value + 1) % comm.size()}; }
  Rank previous() const { return {(rank().value + comm.size() - 1) % comm.size()}; }

  // A buffer of `pool` that holds the bytes of `seed`.
  static Lease filled(BufferPool& pool, std::uint32_t seed) {
    Lease lease = *pool.try_acquire();
    fill(lease.message(), seed);
    return lease;
  }
  static Lease blank(BufferPool& pool) {
    Lease lease = *pool.try_acquire();
    std::ranges::fill(lease.message(), std::byte{0});
    return lease;
  }

  void wait(Operation operation, Outcome& outcome) { async_wait(mpi(), operation, Note{&outcome}); }

  // Runs handlers until `condition` holds; false if it does not within kPatience.
  template <class Condition>
  bool run_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      io->restart();
      io->run_one_for(std::chrono::milliseconds{1});
    }
    return true;
  }
  // run(), but for kPatience at most; whether it came to its end.
  bool run_to_end() {
    io->restart();
    io->run_for(kPatience);
    return io->stopped();
  }

  MpiContext& mpi() { return asio::use_service<MpiContext>(*io); }

  Communicator comm = Communicator::duplicate(Environment::world());
  std::optional<asio::io_context> io{std::in_place, 1};
};

}  // namespace mpiferry::mpi

#include "engine/mpi/exchange.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <utility>

#include "engine/mpi/error.hpp"

namespace mpiferry::mpi {
namespace {

constexpr std::uint64_t kMax = std::uint64_t{1} << 20U;
// Messages between two ranks do not overtake each other: one tag will do.
constexpr int kTag = 0;

using Numbers = std::vector<std::uint64_t>;
std::size_t bytes_of(const Numbers& numbers) { return numbers.size() * sizeof numbers[0]; }

// Who is here, and how long they wait.
struct Round {
  Round(NativeCommunicator native, const GiveUp& patience)
      : communicator(native), give_up(patience) {
    require("MPI_Comm_rank", MPI_Comm_rank(communicator, &self));
    require("MPI_Comm_size", MPI_Comm_size(communicator, &size));
  }

  bool send(const void* data, std::size_t bytes, int to) const {
    MPI_Request request = MPI_REQUEST_NULL;
    return finish(
        "MPI_Isend",
        MPI_Isend(data, static_cast<int>(bytes), MPI_BYTE, to, kTag, communicator, &request),
        request, give_up, Rank{to});
  }
  bool receive(void* data, std::size_t bytes, int from) const {
    MPI_Request request = MPI_REQUEST_NULL;
    return finish(
        "MPI_Irecv",
        MPI_Irecv(data, static_cast<int>(bytes), MPI_BYTE, from, kTag, communicator, &request),
        request, give_up, Rank{from});
  }
  // From rank 0 to all. The rank that it was given up for, if it was.
  std::optional<Rank> tell_all(void* data, std::size_t bytes) const {
    if (self != 0) return receive(data, bytes, 0) ? std::nullopt : std::optional{Rank{0}};
    for (int rank = 1; rank < size; ++rank) {
      if (!send(data, bytes, rank)) return Rank{rank};
    }
    return std::nullopt;
  }

  // For as many numbers of each rank, with those of this one in place.
  std::unique_ptr<Numbers> capacity_for(const Numbers& mine) const {
    auto all = std::make_unique<Numbers>(static_cast<std::size_t>(size) * mine.size());
    std::ranges::copy(mine, all->data() + static_cast<std::size_t>(self) * mine.size());
    return all;
  }
  // From all to rank 0, `count` from each. The rank that it was given up for, if it was.
  std::optional<Rank> collect(Numbers& all, std::size_t count) const {
    const std::size_t bytes = count * sizeof all[0];
    const auto numbers_of = [&](int rank) {
      return all.data() + static_cast<std::size_t>(rank) * count;
    };
    // Rank 0 calls, with its own numbers. An answer that had been sent before would only say that
    // the rank was there once.
    if (const auto missing = tell_all(numbers_of(0), bytes)) return missing;
    if (self != 0) return send(numbers_of(self), bytes, 0) ? std::nullopt : std::optional{Rank{0}};
    // One after the other: all below the one that is waited for have come.
    for (int rank = 1; rank < size; ++rank) {
      if (!receive(numbers_of(rank), bytes, rank)) return Rank{rank};
    }
    return std::nullopt;
  }

  NativeCommunicator communicator;
  const GiveUp& give_up;
  int self = 0;
  int size = 0;
};

struct Letter {
  std::string text;
  std::uint64_t length = 0;
};

}  // namespace

std::optional<std::string> share(NativeCommunicator communicator, std::string text,
                                 const GiveUp& give_up) {
  const Round round{communicator, give_up};
  const std::uint64_t length = text.size();
  auto letter = std::make_unique<Letter>(Letter{std::move(text), length});
  bool whole = !round.tell_all(&letter->length, sizeof letter->length);
  if (whole) {
    if (letter->length > kMax) throw std::length_error{"a text is too long to be shared"};
    letter->text.resize(letter->length);  // on rank 0 it has this length
    whole = !round.tell_all(letter->text.data(), letter->text.size());
  }
  if (whole) return std::move(letter->text);
  static_cast<void>(letter.release());  // MPI may still read or write it
  return std::nullopt;
}

Gathered gather(NativeCommunicator communicator, const std::vector<std::uint64_t>& mine,
                const GiveUp& give_up) {
  const Round round{communicator, give_up};
  auto numbers = round.capacity_for(mine);
  std::optional<Rank> missing = round.collect(*numbers, mine.size());
  if (!missing) missing = round.tell_all(numbers->data(), bytes_of(*numbers));
  if (!missing) return {.numbers = std::move(*numbers)};
  static_cast<void>(numbers.release());  // MPI may still read or write it
  return {.missing = missing};
}

Lowest lowest_with(NativeCommunicator communicator, bool mine, const GiveUp& give_up) {
  const Round round{communicator, give_up};
  auto numbers = round.capacity_for({mine ? 1U : 0U});
  std::optional<Rank> missing = round.collect(*numbers, 1);
  std::uint64_t& lowest = numbers->front();
  if (!missing) {
    if (round.self == 0) {
      lowest = static_cast<std::uint64_t>(std::ranges::find(*numbers, 1U) - numbers->begin());
    }
    missing = round.tell_all(&lowest, sizeof lowest);
  }
  if (missing) {
    static_cast<void>(numbers.release());  // MPI may still read or write it
    return {.missing = missing};
  }
  if (lowest == numbers->size()) return {};
  return {.rank = Rank{static_cast<int>(lowest)}};
}

}  // namespace mpiferry::mpi

#include "engine/mpi/exchange.hpp"

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <utility>

#include "engine/mpi/error.hpp"

namespace mpiferry::mpi {
namespace {

constexpr std::uint64_t kLongest = std::uint64_t{1} << 20U;
// Messages between two ranks do not overtake each other: one tag will do.
constexpr int kTag = 0;

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
        request, give_up);
  }
  bool receive(void* data, std::size_t bytes, int from) const {
    MPI_Request request = MPI_REQUEST_NULL;
    return finish(
        "MPI_Irecv",
        MPI_Irecv(data, static_cast<int>(bytes), MPI_BYTE, from, kTag, communicator, &request),
        request, give_up);
  }
  // From rank 0 to all. The rank that it was given up for, if it was.
  std::optional<Rank> tell_all(void* data, std::size_t bytes) const {
    if (self != 0) return receive(data, bytes, 0) ? std::nullopt : std::optional{Rank{0}};
    for (int rank = 1; rank < size; ++rank) {
      if (!send(data, bytes, rank)) return Rank{rank};
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
    if (letter->length > kLongest) throw std::length_error{"a text is too long to be shared"};
    letter->text.resize(letter->length);  // on rank 0 it has this length
    whole = !round.tell_all(letter->text.data(), letter->text.size());
  }
  if (whole) return std::move(letter->text);
  static_cast<void>(letter.release());  // MPI may still read or write it
  return std::nullopt;
}

Gathered gather(NativeCommunicator communicator, std::uint64_t mine, const GiveUp& give_up) {
  const Round round{communicator, give_up};
  auto numbers = std::make_unique<std::vector<std::uint64_t>>(static_cast<std::size_t>(round.size));
  std::uint64_t* const all = numbers->data();
  all[round.self] = mine;
  // Rank 0 calls, with its own number. An answer that had been sent before would only say that the
  // rank was there once.
  std::optional<Rank> missing = round.tell_all(all, sizeof mine);
  if (round.self != 0) {
    if (!missing && !round.send(all + round.self, sizeof mine, 0)) missing = Rank{0};
  } else {
    // One after the other: all below the one that is waited for have come.
    for (int rank = 1; rank < round.size && !missing; ++rank) {
      if (!round.receive(all + rank, sizeof mine, rank)) missing = Rank{rank};
    }
  }
  if (!missing) missing = round.tell_all(all, numbers->size() * sizeof mine);
  if (!missing) return {.numbers = std::move(*numbers)};
  static_cast<void>(numbers.release());  // MPI may still read or write it
  return {.missing = missing};
}

}  // namespace mpiferry::mpi

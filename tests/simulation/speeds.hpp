// How long things take on a machine that is modelled. docs/internals/scaling.md has the model.
#pragma once

#include <cstdint>

#include "tests/simulation/world.hpp"

namespace mpiferry::simulation {

// Counts the messages of one rank, and the bytes of chunks in them.
struct Traffic {
  std::uint64_t sent = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t received = 0;
  std::uint64_t received_bytes = 0;
};

// Times are nanoseconds a byte, of the bytes that the simulated ones stand for.
struct Speeds {
  double bytes_for_one = 1;
  double send = 0;           // to read, digest and send a chunk, or to send it again
  double receive = 0;        // to digest and write it
  Duration each_sent{};      // beside that: of rank 0, for each message
  Duration each_received{};  // of rank 0, for each message
  Duration file{};           // of a worker, for each chunk
  double nic = 0;            // one each way for each rank, one message after the other
  Duration latency{};

  Duration of(std::uint64_t bytes, double each) const {
    return Duration{static_cast<Duration::rep>(static_cast<double>(bytes) * bytes_for_one * each)};
  }
  // How long rank 0, or a worker, is busy with its messages.
  Duration of(const Traffic& traffic, bool is_master) const {
    if (is_master) {
      return static_cast<Duration::rep>(traffic.sent) * each_sent +
             static_cast<Duration::rep>(traffic.received) * each_received +
             of(traffic.sent_bytes, send);
    }
    const bool chunk = traffic.received_bytes > 0;
    return of(traffic.received_bytes, receive) + (chunk ? file : Duration{});
  }
};

}  // namespace mpiferry::simulation

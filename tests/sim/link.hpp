// How long a message takes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/base/units.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/world.hpp"

namespace mpiferry::sim {

struct LinkSpeed {
  Duration latency{};       // from rank to rank
  Duration jitter{};        // at most, on top of that
  double bytes_per_ns = 0;  // of each rank's NIC, each way; 0: no limit
};

// One NIC a rank, full duplex, one message after the other each way; the fabric between them has
// room for all. Not thread-safe.
class Link {
 public:
  Link(std::size_t ranks, LinkSpeed speed) : speed_(speed), out_(ranks), in_(ranks) {}

  // When the last byte of a message of `bytes` that is posted now has arrived.
  Time arrival(Time now, Rank from, Rank to, double bytes, Random& random) {
    const Duration way = speed_.latency + random.up_to(speed_.jitter);
    if (speed_.bytes_per_ns == 0) return now + way;
    const Duration wire = time_of(bytes);
    Time& out = out_[static_cast<std::size_t>(from.value)];
    Time& in = in_[static_cast<std::size_t>(to.value)];
    out = std::max(out, now) + wire;
    busy_ += from == kMaster ? wire : Duration::zero();
    // The receiver's NIC takes the bytes as they come, unless others are before them.
    in = std::max(out + way, in + wire);
    return in;
  }
  // How long the master's NIC has been sending.
  Duration busy() const noexcept { return busy_; }

 private:
  Duration time_of(double bytes) const {
    return Duration{static_cast<Duration::rep>(bytes / speed_.bytes_per_ns)};
  }

  LinkSpeed speed_;
  std::vector<Time> out_;
  std::vector<Time> in_;
  Duration busy_{};
};

}  // namespace mpiferry::sim

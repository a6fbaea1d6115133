// What the master reads: a file that others may write to, or a stream that comes as it likes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/error.hpp"
#include "engine/base/units.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/scenario.hpp"
#include "tests/sim/world.hpp"

namespace mpiferry::sim {

struct ReadOutcome {
  std::size_t bytes = 0;
  bool end = false;
  bool would_block = false;
  Errc error = Errc::ok;
};

// Answers as disk::Source does. Its bytes are a function of the seed, the offset and, for a file,
// how often it was changed. Not thread-safe.
class Source {
 public:
  Source(const World& world, Faults& faults, const Scenario& scenario);

  bool is_stream() const noexcept { return scenario_.stream; }
  // Fills as much of `out` as there is: at its `offset` for a file, the next bytes for a stream.
  ReadOutcome read(Bytes offset, std::span<std::byte> out);
  // source_changed if a file is not what it was when it was opened.
  Errc check_unchanged() const;
  // After would_block: until there is something to read; kForEver if there never is.
  Duration silence() const;

 private:
  void play(const Plan& plan);
  std::byte at(std::uint64_t offset) const;

  const World& world_;
  Faults& faults_;
  const Scenario& scenario_;
  std::uint64_t size_;
  std::uint64_t changed_from_ = UINT64_MAX;  // bytes from here on are others now
  bool touched_ = false;
  bool failing_ = false;
  std::uint64_t position_ = 0;  // of a stream
  Time silent_until_;
};

}  // namespace mpiferry::sim

// What must hold in every run, and how a run that breaks it ends.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace mpiferry::sim {

enum class Invariant : std::uint8_t {
  acknowledged_is_on_disk,  // with the right bytes; with fsync, after a power cut, too
  visible_is_finished,      // what has a final name has all of its bytes, and the right ones
  manifest_comes_last,      // every chunk is there, every worker has closed, nothing has failed
  lent_is_untouched,        // nobody reads into, writes to or reuses a buffer that MPI has
  credit,                   // at most `window` chunks without an answer at a worker
  chunks_find_a_receive,    // every chunk lands in a posted receive
  memory,                   // buffers within their bound, and given back in the end
  job_ends,                 // in bounded time
  patience,                 // the dismissed are waited for as long as documented, and no longer
  verdict_is_explained,     // by something that really happened; without a fault it is ok
  first_failure_wins,       // one failure is reported, the first
  nothing_after_the_end,    // no chunk leaves after a failure or the end
  everything_is_moved,      // when a transfer ends well
  counters_agree,           // the master's and the workers'
  stalls_are_real,          // who is blamed has been silent for so long, and owed something
  resends_are_asked_for,    // an attempt follows a `corrupt` of the one before, `retries` at most
  failed_end_stops_work,    // a worker begins no write after its own failure or that of the job
  kept_is_there,  // what a job that goes on does not send lies at its worker, and is right
  held_is_kept,   // what lies there and is right, it does not send
};
inline constexpr std::size_t kInvariants = static_cast<std::size_t>(Invariant::held_is_kept) + 1;

std::string_view invariant_name(Invariant invariant) noexcept;

// Thrown where an invariant is found broken; the run is over.
class Broken : public std::runtime_error {
 public:
  Broken(Invariant invariant, const std::string& what)
      : std::runtime_error{what}, invariant_(invariant) {}
  Invariant invariant() const noexcept { return invariant_; }

 private:
  Invariant invariant_;
};

// Formats nothing while all is well.
template <class... Args>
void require(bool holds, Invariant invariant, fmt::format_string<Args...> format, Args&&... args) {
  if (!holds) throw Broken{invariant, fmt::format(format, std::forward<Args>(args)...)};
}

}  // namespace mpiferry::sim

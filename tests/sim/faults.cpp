#include "tests/sim/faults.hpp"

#include <initializer_list>

namespace mpiferry::sim {
namespace {

struct Row {
  std::string_view name;
  Occasion occasion;
  std::initializer_list<Errc> may_end_in;
};

constexpr auto kDamage = {Errc::bad_magic, Errc::bad_version, Errc::bad_header_digest,
                          Errc::bad_payload_digest};
constexpr auto kLoss = {Errc::worker_stalled, Errc::mpi_failed};
constexpr auto kSilence = {Errc::worker_stalled};
constexpr auto kDisk = {Errc::dest_write_failed};
constexpr auto kChange = {Errc::source_changed};
constexpr auto kSignal = {Errc::interrupted};
constexpr std::initializer_list<Errc> kNothing{};

// In the order of Fault.
const std::array<Row, kFaults> kRows{{
    {"payload damaged", Occasion::chunk, {Errc::chunk_corrupt}},
    {"header damaged", Occasion::chunk, kDamage},
    {"chunk duplicated", Occasion::chunk, kNothing},
    {"acks damaged", Occasion::acks, kDamage},
    {"acks duplicated", Occasion::acks, kNothing},
    {"control message damaged", Occasion::control, kDamage},
    {"control message cut", Occasion::control, {Errc::bad_length}},
    {"stray message", Occasion::control, {Errc::unexpected_message}},
    {"worker stopped", Occasion::message, kSilence},
    {"worker stuck", Occasion::message, kSilence},
    {"worker lost", Occasion::message, kLoss},
    {"worker's power cut", Occasion::message, kLoss},
    {"master stopped", Occasion::message, {Errc::master_stalled}},
    {"master lost", Occasion::message, {Errc::mpi_failed, Errc::master_stalled}},
    {"job torn down", Occasion::message, kNothing},
    {"one rank interrupted", Occasion::message, kSignal},
    {"all ranks interrupted", Occasion::message, kSignal},
    {"disk full", Occasion::write, kDisk},
    {"disk error", Occasion::write, kDisk},
    {"short write", Occasion::write, kNothing},
    {"disk slow", Occasion::write, kSilence},
    {"disk stuck", Occasion::write, kSilence},
    {"destination refused", Occasion::preparation, {Errc::dest_unusable}},
    {"preparation slow", Occasion::preparation, kSilence},
    {"source missing", Occasion::preparation, {Errc::source_not_found}},
    {"source not read", Occasion::read, {Errc::source_read_failed}},
    {"source changed", Occasion::read, kChange},
    {"source shrank", Occasion::read, kChange},
    {"source grew", Occasion::read, kChange},
    {"stream paused", Occasion::read, kNothing},
    {"stream silent", Occasion::read, kNothing},
    {"user gave up", Occasion::message, kSignal},
}};

const Row& row(Fault fault) { return kRows[static_cast<std::size_t>(fault)]; }

}  // namespace

std::string_view fault_name(Fault fault) noexcept { return row(fault).name; }
Occasion occasion_of(Fault fault) noexcept { return row(fault).occasion; }

bool Faults::explain(Errc verdict) const noexcept {
  if (verdict == Errc::ok) return true;
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (!happened_.test(i)) continue;
    for (const Errc possible : kRows[i].may_end_in) {
      if (possible == verdict) return true;
    }
  }
  return false;
}

}  // namespace mpiferry::sim

#include "tests/sim/source.hpp"

#include <algorithm>

namespace mpiferry::sim {

Source::Source(const World& world, Faults& faults, const Scenario& scenario)
    : world_(world), faults_(faults), scenario_(scenario), size_(scenario.source_size.value) {}

void Source::play(const Plan& plan) {
  switch (plan.fault) {
    case Fault::source_read_failed:
      failing_ = true;
      break;
    case Fault::stream_paused:
    case Fault::stream_silent:
      if (!is_stream()) return;
      silent_until_ = world_.now() + (plan.fault == Fault::stream_paused ? plan.length : kForEver);
      break;
    case Fault::source_changed:
      if (is_stream() || size_ == 0) return;
      changed_from_ = plan.size % size_;
      break;
    case Fault::source_shrank:
      if (is_stream() || size_ == 0) return;
      size_ = plan.at % size_;
      break;
    case Fault::source_grew:
      if (is_stream()) return;
      size_ += 1 + plan.at;
      break;
    default:
      return;
  }
  touched_ = !is_stream() && plan.fault != Fault::source_read_failed;
  faults_.happened(plan.fault);
}

ReadOutcome Source::read(Bytes offset, std::span<std::byte> out) {
  faults_.on(Occasion::read, kMaster, [this](const Plan& plan) { play(plan); });
  if (failing_) return {.error = Errc::source_read_failed};
  if (is_stream()) {
    if (silent_until_ > world_.now()) return {.would_block = true};
    // A pipe gives what there is: here, seven bytes at a time.
    const std::uint64_t length = std::min({out.size(), size_ - position_, std::size_t{7}});
    for (std::uint64_t i = 0; i < length; ++i) out[i] = at(position_ + i);
    position_ += length;
    return {.bytes = length, .end = length == 0};
  }
  const std::uint64_t said = scenario_.source_size.value;  // when it was opened
  if (offset.value >= said) return {.end = true};
  const std::uint64_t length = std::min<std::uint64_t>(out.size(), said - offset.value);
  if (offset.value + length > size_) return {.error = Errc::source_changed};
  for (std::uint64_t i = 0; i < length; ++i) out[i] = at(offset.value + i);
  return {.bytes = length, .end = offset.value + length == said};
}

Errc Source::check_unchanged() const { return touched_ ? Errc::source_changed : Errc::ok; }

Duration Source::silence() const {
  return std::max(silent_until_ - world_.now(), Duration::zero());
}

std::byte Source::at(std::uint64_t offset) const {
  const std::uint64_t version =
      (offset >= changed_from_ ? 0x5aU : 0U) ^ (offset >= scenario_.changed_from ? 0xa5U : 0U);
  const std::uint64_t mixed = (offset + scenario_.seed) * 0x9e3779b97f4a7c15U;
  return static_cast<std::byte>((mixed >> 56U) ^ version);
}

}  // namespace mpiferry::sim

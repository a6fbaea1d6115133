#include "engine/protocol/held_chunks.hpp"

#include <algorithm>
#include <iterator>

namespace mpiferry::protocol {
namespace {

// Reports that have overtaken others: no worker has so many under way.
constexpr std::size_t kMaxEarly = 64;

}  // namespace

plan::Distribution HeldChunks::distribution() const noexcept {
  return plan::Distribution::round_robin(static_cast<std::uint32_t>(workers_.size()));
}

void HeldChunks::begin(Time now) {
  for (Worker& worker : workers_) worker.last_report = now;
}

bool HeldChunks::can_be(Rank worker, const wire::HeldChunksMessage& report) const {
  const Worker& from = workers_[static_cast<std::size_t>(worker.value) - 1];
  if (report.first < from.looked_at || from.early.size() >= kMaxEarly) return false;
  // Nothing is looked at twice, whichever of the reports comes first.
  const auto next = from.early.lower_bound(report.first);
  if (next != from.early.end() && next->first < report.looked_at) return false;
  if (next != from.early.begin() && std::prev(next)->second > report.first) return false;
  const auto distribution = this->distribution();
  return std::ranges::all_of(report.held, [&](const wire::HeldChunksMessage::Held& held) {
    const std::uint64_t position = distribution.position_of(held.chunk);
    return held.chunk.value < chunks_ && distribution.worker_of(held.chunk) == worker &&
           position >= report.first && position < report.looked_at;
  });
}

bool HeldChunks::on_report(Rank worker, const wire::HeldChunksMessage& report, Time now) {
  if (!can_be(worker, report)) return false;
  for (const auto& [chunk, digest] : report.held) {
    if (chunk.value >= held_.size()) {
      held_.resize(chunk.value + 1);
      digests_.resize(chunk.value + 1);
    }
    held_[chunk.value] = true;
    digests_[chunk.value] = digest;
  }
  Worker& from = workers_[static_cast<std::size_t>(worker.value) - 1];
  from.last_report = now;
  if (report.first == report.looked_at) return true;  // only a sign of life
  from.early.emplace(report.first, report.looked_at);
  for (auto next = from.early.begin(); next != from.early.end() && next->first == from.looked_at;
       next = from.early.begin()) {
    from.looked_at = next->second;
    from.early.erase(next);
  }
  return true;
}

bool HeldChunks::knows(ChunkIndex chunk) const noexcept {
  const auto distribution = this->distribution();
  const Worker& its = workers_[static_cast<std::size_t>(distribution.worker_of(chunk).value) - 1];
  return distribution.position_of(chunk) < its.looked_at;
}

bool HeldChunks::finds(ChunkIndex chunk) const noexcept {
  return chunk.value < held_.size() && held_[chunk.value];
}

bool HeldChunks::holds(ChunkIndex chunk, std::uint64_t digest) const noexcept {
  return finds(chunk) && digests_[chunk.value] == digest;
}

std::optional<Stall> HeldChunks::late(Time now, Duration patience) const {
  if (patience == Duration::zero()) return std::nullopt;
  return longest_of(silent(now, patience));
}

std::vector<Stall> HeldChunks::silent(Time now, Duration longer_than) const {
  std::vector<Stall> stalls;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const Worker& worker = workers_[i];
    const Stall stall{.worker = Rank{static_cast<int>(i) + 1}, .silent = now - worker.last_report};
    if (worker.looked_at != wire::kAllLookedAt && stall.silent > longer_than) {
      stalls.push_back(stall);
    }
  }
  return stalls;
}

}  // namespace mpiferry::protocol

// What the workers do, and what lies on the disks in the end.
#include <algorithm>

#include "tests/sim/auditor.hpp"

namespace mpiferry::sim {

void Auditor::on_write_begun(Rank worker, std::optional<Errc> end, bool failed) const {
  require(!failed && end.value_or(Errc::ok) == Errc::ok, Invariant::failed_end_stops_work,
          "rank {} begins a write after {}", worker.value,
          failed ? "its own failure" : error_name(*end));
}

void Auditor::on_visible(Rank worker, std::uint64_t name,
                         const std::vector<std::byte>& bytes) const {
  if (name == kManifestFile) return on_publishing();
  if (name == kSumsFile) return;
  require(name < chunks_.size() && bytes == chunks_[name].bytes, Invariant::visible_is_finished,
          "rank {} shows a chunk {} of {} bytes that is not what was read", worker.value, name,
          bytes.size());
}

void Auditor::on_answer(Rank worker, const wire::Ack& ack) const {
  if (ack.status != wire::AckStatus::written) return;
  require(ack.chunk.value < chunks_.size(), Invariant::acknowledged_is_on_disk,
          "rank {} acknowledges chunk {}, which was never read", worker.value, ack.chunk.value);
  check_on_disk(ack.chunk, worker, scenario_.fsync);
}

void Auditor::check_on_disk(ChunkIndex chunk, Rank worker, bool durable) const {
  if (scenario_.discard) return;
  const std::vector<std::byte>& right = chunks_[chunk.value].bytes;
  const auto* bytes = disk(worker).find(chunk.value);
  require(bytes != nullptr && *bytes == right, Invariant::acknowledged_is_on_disk,
          "chunk {} of rank {} was acknowledged and is {}", chunk.value, worker.value,
          bytes == nullptr ? "not there" : "wrong");
  if (!durable) return;
  const Disk::File* file = disk(worker).find_durable(chunk.value);
  require(file != nullptr && file->bytes == right && file->synced == right.size(),
          Invariant::acknowledged_is_on_disk,
          "chunk {} of rank {} was acknowledged, and a power cut would take it", chunk.value,
          worker.value);
}

void Auditor::on_power_cut(Rank worker) {
  member(worker).power_cut = true;
  if (!scenario_.fsync) return;
  for (std::uint64_t i = 0; i < chunks_.size(); ++i) {
    const auto* bytes = disk(worker).find(i);
    if (scenario_.resume && !chunks_[i].written) continue;  // an earlier job's, perhaps unsynced
    require(bytes == nullptr || *bytes == chunks_[i].bytes, Invariant::visible_is_finished,
            "after a power cut rank {} shows an unfinished chunk {}", worker.value, i);
  }
}

void Auditor::on_end(std::optional<Errc> verdict) const {
  for (std::uint64_t i = 0; i < chunks_.size(); ++i) {
    const Chunk& chunk = chunks_[i];
    if (chunk.kept && !member(chunk.owner).power_cut) check_on_disk({i}, chunk.owner, false);
    if (!chunk.written || (member(chunk.owner).power_cut && !scenario_.fsync)) continue;
    check_on_disk({i}, chunk.owner, scenario_.fsync && !member(chunk.owner).power_cut);
  }
  const bool manifest = disk(kMaster).find(kManifestFile) != nullptr;
  if (!verdict) return;  // the launcher ended it
  const bool expected = (*verdict == Errc::ok && !scenario_.discard) || old_result_stays();
  // A worker cannot know what a master has published that is lost before its last word.
  const bool unknown = *verdict == Errc::master_stalled;
  require(manifest == expected || unknown, Invariant::manifest_comes_last,
          "the verdict is {}, and there is {} manifest", error_name(*verdict),
          manifest ? "a" : "no");
  require(*verdict != Errc::ok || std::ranges::none_of(members_, &Member::failed),
          Invariant::verdict_is_explained, "the job ends well, and a worker has failed");
  const bool explained =
      faults_.explain(*verdict) &&
      (*verdict != Errc::chunk_corrupt || std::ranges::any_of(chunks_, [&](const Chunk& chunk) {
        return chunk.damaged > scenario_.retries;
      }));
  require(explained, Invariant::verdict_is_explained, "nothing that happened explains {}",
          error_name(*verdict));
}

}  // namespace mpiferry::sim

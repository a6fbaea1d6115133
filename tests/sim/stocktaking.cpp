#include "tests/sim/stocktaking.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include "engine/plan/chunk_plan.hpp"
#include "engine/wire/digest.hpp"
#include "tests/sim/message.hpp"

namespace mpiferry::sim {
namespace {

// As in engine/operations/scatter, but fewer chunks a report, so that small jobs have several.
constexpr std::uint64_t kReport = 3;
constexpr std::size_t kReportsUnderWay = 4;
constexpr Duration kMaxSilence = std::chrono::milliseconds{100};

}  // namespace

Stocktaking::Stocktaking(const Setting& setting, Rank self, Disk& disk, const wire::Job& job,
                         std::uint64_t job_id, const protocol::WorkerFsm& fsm,
                         protocol::Receiver& receiver, std::function<void(bool)> on_change)
    : setting_(setting),
      self_(self),
      disk_(disk),
      job_(job),
      job_id_(job_id),
      fsm_(fsm),
      receiver_(receiver),
      on_change_(std::move(on_change)),
      reports_(kReportsUnderWay),
      most_(kMaxChunks / job.workers + 1),
      reported_(setting.world.now()) {
  if (!job.source_size) return;
  most_ = plan::ChunkPlan{*job.source_size, job.chunk_size, job.workers}.chunks_of(self);
}

void Stocktaking::go_on() {
  waiting_ = false;
  const bool all = held_chunks_.looked_at >= most_ || gap_ >= kMaxWindow;
  over_ = fsm_.cancelled();
  if (!over_ && (all || due())) {
    if (all) held_chunks_.looked_at = wire::kAllLookedAt;
    waiting_ = !report();
    if (waiting_) return;
    over_ = all;
  }
  if (over_) return on_change_(true);
  const Duration length = disk_.delay();
  setting_.world.after(length, self_, [this] {
    look();
    go_on();
  });
  setting_.world.stop(self_, length);
}

// The digest of what lies in the place of the next chunk, unless it has another length.
void Stocktaking::look() {
  const std::uint64_t k = held_chunks_.looked_at++;
  const ChunkIndex chunk = plan::chunk_of(self_, k, job_.workers);
  const auto* bytes = disk_.find(chunk.value);
  const bool fits =
      bytes != nullptr &&
      (job_.source_size
           ? Bytes{bytes->size()} ==
                 plan::ChunkPlan{*job_.source_size, job_.chunk_size, job_.workers}.length_of(chunk)
           : Bytes{bytes->size()} <= job_.chunk_size);
  gap_ = fits || job_.source_size ? 0 : gap_ + 1;
  if (!fits) return;
  const std::uint64_t digest = wire::chunk_digest(*bytes);
  receiver_.on_found(k, digest);
  held_chunks_.held.push_back({chunk, digest});
}

bool Stocktaking::due() const {
  return held_chunks_.looked_at > held_chunks_.first &&
         (held_chunks_.looked_at % kReport == 0 || setting_.world.now() >= reported_ + kMaxSilence);
}

// False if too many are under way.
bool Stocktaking::report() {
  Buffer* buffer = reports_.try_acquire();
  if (buffer == nullptr) return false;
  std::vector<std::byte> payload(wire::kHeldChunksHead +
                                 held_chunks_.held.size() * wire::kHeldSize);
  wire::encode(held_chunks_, payload);
  put_message(buffer->bytes(), {.kind = wire::Kind::held_chunks, .job_id = job_id_}, payload);
  setting_.network.isend(self_, kMaster, wire::Tag::status, *buffer, [this, buffer](bool sent) {
    reports_.release(*buffer);
    if (waiting_) go_on();
    on_change_(sent);
  });
  held_chunks_.held.clear();
  held_chunks_.first = held_chunks_.looked_at;
  reported_ = setting_.world.now();
  return true;
}

}  // namespace mpiferry::sim

// A job as a worker sees it, with an honest disk and a master that may send anything, against a
// model that knows only what the disk holds. If the job goes on where another one ended, the worker
// looks beside all else at what lies there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <variant>
#include <vector>

#include "engine/plan/distribution.hpp"
#include "engine/protocol/receiver.hpp"
#include "engine/protocol/sender.hpp"
#include "tests/fuzz/feed.hpp"
#include "tests/fuzz/target.hpp"

namespace mpiferry::fuzz {

class ReceiverGame {
 public:
  ReceiverGame(Feed& feed, bool resume, bool reroute)
      : feed_(feed), resume_(resume), config_(config(feed, reroute)), receiver_(config_) {}

  void play() {
    for (int step = 0; step < kSteps && !feed_.empty(); ++step) {
      const std::size_t turn = feed_.below(resume_ ? 4 : 3);
      if (turn == 0) {
        finish_write();
      } else if (turn == 3) {
        look();
      } else if (writing_.size() < kWrites) {
        arrive(any_header(), feed_.below(4) != 0);
      }
      check();
    }
  }

 private:
  static constexpr int kSteps = 400;
  static constexpr std::size_t kWrites = 8;  // writes under way; a worker has as many as its window

  struct OnDisk {
    std::uint64_t digest;
    Bytes length;
  };

  static protocol::ReceiverConfig config(Feed& feed, bool reroute) {
    protocol::ReceiverConfig config;
    config.reroute = reroute;
    config.workers = static_cast<std::uint32_t>(1 + feed.below(4));
    config.self = Rank{static_cast<int>(1 + feed.below(config.workers))};
    config.job_id = feed.number();
    config.chunk_size = Bytes{1 + feed.number() % kMaxChunkSize.value};
    if (feed.flag()) {
      const std::uint64_t chunks = feed.below(200);
      config.source_size = Bytes{chunks * config.chunk_size.value + feed.number() % (chunks + 1)};
    }
    return config;
  }

  // A chunk of this job, of which up to three fields are then something else. Nothing that
  // wire::decode refuses.
  wire::Header any_header() {
    wire::Header header{.kind = wire::Kind::chunk, .job_id = config_.job_id};
    const auto self = static_cast<std::uint64_t>(config_.self.value);
    header.chunk.value = feed_.number() * config_.workers + self - 1;
    header.attempt = feed_.byte();
    header.payload_digest = feed_.below(3);
    for (std::size_t left = feed_.below(4); left > 0; --left) alter(header);
    if (!moved_) header.offset.value = header.chunk.value * config_.chunk_size.value;
    if (!cut_) header.length = rest(header.offset);
    moved_ = cut_ = false;
    header.length = std::min(header.length, kMaxChunkSize);
    header.offset.value = std::min(header.offset.value, kEnd - header.length.value);
    // Other lengths have other digests: a collision is beyond what this digest is for.
    header.payload_digest += header.length.value << 32U;
    return header;
  }

  void alter(wire::Header& header) {
    switch (feed_.below(6)) {
      case 0:
        header.chunk.value = feed_.number();
        break;
      case 1:
        moved_ = true;
        header.offset.value = feed_.number();
        break;
      case 2:
        cut_ = true;
        header.length.value = feed_.number();
        break;
      case 3:
        header.job_id = feed_.number();
        break;
      case 4:
        header.payload_digest = feed_.number();
        break;
      default:
        header.kind = wire::Kind::end;
    }
  }

  Bytes rest(Bytes offset) const {
    if (!config_.source_size) return config_.chunk_size;
    if (offset >= *config_.source_size) return 1_B;
    return std::min(config_.chunk_size, *config_.source_size - offset);
  }

  void arrive(const wire::Header& header, bool intact) {
    const std::uint64_t corrupt = receiver_.chunks_corrupt();
    const protocol::ChunkStep step = receiver_.on_chunk(header, intact);
    if (const auto* violation = std::get_if<protocol::Violation>(&step)) {
      require(violation->code != Errc::ok, "a violation has a name");
      require(receiver_.chunks_corrupt() == corrupt, "a violation counts nothing");
      return;
    }
    require(header.kind == wire::Kind::chunk, "nothing but a chunk is taken for one");
    require(header.job_id == config_.job_id, "nothing of another job is taken");
    require(owned(header.chunk) || config_.reroute, "nobody's chunks but one's own are taken");
    require(header.offset.value / config_.chunk_size.value == header.chunk.value &&
                header.offset.value % config_.chunk_size.value == 0,
            "a chunk is where its index says");
    require(header.length == rest(header.offset) ||
                (!config_.source_size && header.length > 0_B && header.length < config_.chunk_size),
            "a chunk is as long as the plan says");
    require(!config_.source_size || header.offset + header.length <= *config_.source_size,
            "nothing is written behind the end");

    if (const auto* answer = std::get_if<protocol::Answer>(&step)) {
      const wire::Ack& ack = answer->ack;
      require(ack.chunk == header.chunk && ack.attempt == header.attempt, "it answers what came");
      require(intact == (ack.status == wire::AckStatus::written),
              "damage is said, and only damage");
      require(receiver_.chunks_corrupt() == corrupt + !intact, "each damage is counted once");
      const auto found = disk_.find(header.chunk);
      require(!intact || (found != disk_.end() && found->second.digest == header.payload_digest),
              "no chunk is acknowledged that was not written");
      return;
    }
    require(intact, "nothing damaged is written");
    if (std::holds_alternative<protocol::Ignore>(step)) {
      const auto first = taken_.find(header.chunk);
      require(first != taken_.end() && first->second.payload_digest == header.payload_digest,
              "only a copy is ignored");
      first->second.attempt = std::max(first->second.attempt, header.attempt);
      return;
    }
    require(taken_.emplace(header.chunk, header).second, "a chunk is written once");
    writing_.push_back(header);
    if (owned(header.chunk)) begun_.insert(position(header.chunk));
  }

  // Looks at one chunk after the other; in a stream it leaves gaps of at most a window.
  void look() {
    const std::uint64_t k = looked_at_ + feed_.below(8);
    if (config_.source_size &&
        k >= distribution().chunks_of(config_.self, {*config_.source_size, config_.chunk_size})) {
      return;
    }
    looked_at_ = k + 1;
    const std::uint64_t digest = feed_.below(3);
    receiver_.on_found(k, digest);
    // What was being written by then is not what was there before.
    if (!begun_.contains(k)) found_[k] = digest;
  }

  plan::Distribution distribution() const {
    return plan::Distribution::round_robin(config_.workers);
  }
  bool owned(ChunkIndex chunk) const { return distribution().worker_of(chunk) == config_.self; }
  std::uint64_t position(ChunkIndex chunk) const { return distribution().position_of(chunk); }

  void finish_write() {
    if (writing_.empty()) return;
    const auto which = writing_.begin() + static_cast<std::ptrdiff_t>(feed_.below(writing_.size()));
    const wire::Header header = *which;
    writing_.erase(which);
    const auto call = feed_.below(8) == 0 ? wire::WriteCall::write : wire::WriteCall::none;
    const bool written = call == wire::WriteCall::none;
    if (written) disk_[header.chunk] = {header.payload_digest, header.length};
    const wire::Ack ack = receiver_.on_written(header, call, written ? 0 : 28);
    require(ack.chunk == header.chunk && ack.attempt == taken_.at(header.chunk).attempt,
            "it answers the last attempt");
    require(written == (ack.status == wire::AckStatus::written), "a failed write is said");
  }

  void check() const {
    Bytes bytes;
    std::size_t foreign = 0;
    for (const auto& [chunk, on_disk] : disk_) {
      bytes += on_disk.length;
      if (!owned(chunk)) {
        ++foreign;
        const auto known = receiver_.foreign().find(chunk.value);
        require(known != receiver_.foreign().end() && known->second == on_disk.digest,
                "the digest of another's chunk is that of what is on disk");
        continue;
      }
      const std::uint64_t k = position(chunk);
      require(receiver_.holds(k), "what is on disk is held");
      require(receiver_.digests()[k] == on_disk.digest, "the digest is that of what is on disk");
    }
    require(receiver_.foreign().size() == foreign, "the foreign chunks are those on disk");
    for (const auto& [k, digest] : found_) {
      const bool kept = !begun_.contains(k);
      require(receiver_.kept(k) == kept, "kept is what was found and not written over");
      require(!kept || (receiver_.holds(k) && receiver_.digests()[k] == digest),
              "what was found is held");
    }
    for (const std::uint64_t k : begun_) {
      const bool written = disk_.contains(distribution().chunk_of(config_.self, k));
      require(receiver_.holds(k) == written && !receiver_.kept(k),
              "what is being written is not held");
    }
    require(receiver_.chunks_written() == disk_.size(), "each chunk counts once");
    require(receiver_.bytes_written() == bytes, "its bytes count once");
    std::uint64_t most = std::max(disk_.size() + found_.size() + protocol::kMaxWindow, looked_at_);
    if (config_.source_size) most = config_.source_size->value / config_.chunk_size.value + 1;
    require(receiver_.digests().size() <= most, "memory only for what can be");
  }

  static constexpr std::uint64_t kEnd = std::uint64_t{1} << 63U;

  Feed& feed_;
  bool resume_;
  protocol::ReceiverConfig config_;
  protocol::Receiver receiver_;
  std::map<ChunkIndex, OnDisk> disk_;
  std::map<ChunkIndex, wire::Header> taken_;  // to be written; with the last attempt that came
  std::vector<wire::Header> writing_;
  std::set<std::uint64_t> begun_;  // of its own chunks, by position: a write was asked for
  std::map<std::uint64_t, std::uint64_t> found_;  // what lay there before a write was asked for
  std::uint64_t looked_at_ = 0;
  bool moved_ = false;  // of the header that is being made: the offset is not the plan's
  bool cut_ = false;    // nor the length
};

}  // namespace mpiferry::fuzz

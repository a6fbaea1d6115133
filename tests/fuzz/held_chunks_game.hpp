// What the workers of a job that goes on hold already: the master's book, and workers that may
// report anything that decodes, against a model that keeps all that was believed.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "engine/plan/distribution.hpp"
#include "engine/protocol/held_chunks.hpp"
#include "tests/fuzz/feed.hpp"
#include "tests/fuzz/target.hpp"

namespace mpiferry::fuzz {

class HeldChunksGame {
 public:
  // A stream has no number of `chunks`.
  HeldChunksGame(Feed& feed, std::uint32_t workers, std::optional<std::uint64_t> chunks)
      : feed_(feed),
        chunks_(std::min(chunks.value_or(kMaxChunks), kMaxChunks)),
        held_chunks_(workers, chunks_),
        books_(workers) {
    held_chunks_.begin(protocol::Time{});
  }

  // Plays this game alone.
  void play() {
    protocol::Time now{};
    for (int step = 0; step < kSteps && !feed_.empty(); ++step) {
      now += std::chrono::milliseconds{feed_.byte()};
      report(now);
      check(now);
    }
  }

  const protocol::HeldChunks& held_chunks() const { return held_chunks_; }
  // What the model says.
  bool knows(ChunkIndex chunk) const {
    return chunk.value / books_.size() < looked_at(books_[chunk.value % books_.size()]);
  }
  bool holds(ChunkIndex chunk, std::uint64_t digest) const {
    const auto found = held_.find(chunk);
    return found != held_.end() && found->second == digest;
  }

  void report(protocol::Time now) {
    const Rank worker{static_cast<int>(1 + feed_.below(books_.size()))};
    const wire::HeldChunksMessage report = any_report(worker);
    const bool believed = can_be(worker, report);
    require(held_chunks_.on_report(worker, report, now) == believed,
            "what can be is believed, and nothing else");
    if (!believed) return;
    Book& book = book_of(worker);
    book.last_report = now;
    if (report.first < report.looked_at) book.spans[report.first] = report.looked_at;
    for (const auto& [chunk, digest] : report.held) held_[chunk] = digest;
  }

  void check(protocol::Time now) const {
    for (std::uint64_t i = 0; i < kChecked; ++i) check(ChunkIndex{i});
    for (const auto& [chunk, digest] : held_) check(chunk);
    const protocol::Duration patience = std::chrono::milliseconds{200};
    protocol::Duration longest = patience;
    for (const Book& book : books_) {
      if (looked_at(book) != wire::kAllLookedAt) {
        longest = std::max(longest, now - book.last_report);
      }
    }
    const auto late = held_chunks_.late(now, patience);
    require(late.has_value() == (longest > patience), "who says nothing for too long is late");
    if (!late) return;
    const Book& book = books_.at(static_cast<std::size_t>(late->worker.value) - 1);
    require(late->silent == longest && now - book.last_report == longest &&
                looked_at(book) != wire::kAllLookedAt,
            "the one that has said nothing for the longest time");
  }

 private:
  static constexpr int kSteps = 400;
  static constexpr std::uint64_t kDigests = 3;
  static constexpr std::uint64_t kChecked = 24;
  // The book has room for each chunk up to the last: enough of it.
  static constexpr std::uint64_t kFar = 4096;
  static constexpr std::ptrdiff_t kMaxEarly = 64;

  struct Book {
    std::map<std::uint64_t, std::uint64_t> spans;  // looked at: first and end
    protocol::Time last_report{};
  };

  plan::Distribution distribution() const {
    return plan::Distribution::round_robin(static_cast<std::uint32_t>(books_.size()));
  }
  Book& book_of(Rank worker) { return books_.at(static_cast<std::size_t>(worker.value) - 1); }

  static std::uint64_t looked_at(const Book& book) {
    std::uint64_t end = 0;
    for (auto span = book.spans.find(0); span != book.spans.end(); span = book.spans.find(end)) {
      end = span->second;
    }
    return end;
  }

  // Mostly what comes next or soon after it. Nothing that wire::decode_held_chunks refuses.
  wire::HeldChunksMessage any_report(Rank worker) {
    wire::HeldChunksMessage report;
    const std::size_t odd = feed_.below(16);
    report.first = odd == 0 ? feed_.number() : looked_at(book_of(worker)) + feed_.below(3);
    report.looked_at = report.first + feed_.below(5);
    if (odd == 1) report.looked_at = feed_.number();
    if (odd == 2) report.looked_at = wire::kAllLookedAt;
    report.looked_at = std::max(report.first, report.looked_at);
    std::uint64_t k = report.first;
    for (std::size_t left = feed_.below(4); left > 0; --left) {
      k += feed_.below(3);
      ChunkIndex chunk = distribution().chunk_of(worker, k++);
      if (odd == 3) chunk.value = feed_.number();
      if (chunk.value >= kMaxChunks || (chunk.value >= kFar && chunk.value < chunks_)) {
        chunk.value %= kFar;
      }
      if (!report.held.empty() && chunk <= report.held.back().chunk) break;
      report.held.push_back({chunk, feed_.below(kDigests)});
    }
    return report;
  }

  bool can_be(Rank worker, const wire::HeldChunksMessage& report) {
    const Book& book = book_of(worker);
    const std::uint64_t gapless = looked_at(book);
    if (report.first < gapless) return false;
    std::ptrdiff_t early = 0;
    for (const auto& [first, end] : book.spans) {
      early += first > gapless;
      if (first < report.looked_at && report.first < end) return false;
    }
    if (early >= kMaxEarly) return false;
    return std::ranges::all_of(report.held, [&](const wire::HeldChunksMessage::Held& held) {
      const std::uint64_t k = held.chunk.value / books_.size();
      return held.chunk.value < chunks_ && k >= report.first && k < report.looked_at &&
             distribution().worker_of(held.chunk) == worker;
    });
  }

  void check(ChunkIndex chunk) const {
    require(held_chunks_.knows(chunk) == knows(chunk), "known is what was looked at without a gap");
    for (std::uint64_t digest = 0; digest <= kDigests; ++digest) {
      require(held_chunks_.holds(chunk, digest) == holds(chunk, digest),
              "held is what its worker has found");
    }
  }

  Feed& feed_;
  std::uint64_t chunks_;
  protocol::HeldChunks held_chunks_;
  std::vector<Book> books_;  // worker r at r - 1
  std::map<ChunkIndex, std::uint64_t> held_;
};

}  // namespace mpiferry::fuzz

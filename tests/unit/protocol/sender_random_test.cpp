// Thousands of jobs, each played in a random order of events from its seed, against a model that
// knows nothing but the rules: window, buffers, one acknowledgement a chunk, done at the end.
#include <algorithm>
#include <cstdint>
#include <random>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "engine/plan/distribution.hpp"
#include "engine/protocol/sender.hpp"

namespace mpiferry::protocol {
namespace {

constexpr std::uint64_t kSeeds = 5000;
constexpr Time kNow{};

struct Message {  // one chunk that was started
  std::uint32_t attempt = 0;
  bool sending = true;
  bool answered = false;  // this attempt was
  bool written = false;
};

class Play {
 public:
  explicit Play(std::uint64_t seed) : random_(seed) {
    chunks_ = below(40);
    stream_ = below(2) == 0;
    config_ = {.workers = static_cast<std::uint32_t>(1 + below(5)),
               .window = static_cast<std::uint32_t>(1 + below(6)),
               .retries = static_cast<std::uint32_t>(below(4)),
               .buffers = 1 + below(8),
               .stall_timeout = {},
               .chunks = std::nullopt,
               .retain = below(2) == 0};
    if (!stream_) config_.chunks = chunks_;
  }

  void run() {
    Sender sender{config_};
    // Every chunk has at most 1 + retries attempts of 3 events, noise comes on top.
    for (int events = 0; events < 10'000; ++events) {
      const Action action = sender.next();
      if (std::holds_alternative<Done>(action)) return finish(sender);
      if (!step(sender, action)) return;
      check(sender);
      if (::testing::Test::HasFailure()) return;
    }
    ADD_FAILURE() << "the job never ends";
  }

 private:
  std::uint64_t below(std::uint64_t n) {
    return std::uniform_int_distribution<std::uint64_t>{0, n - 1}(random_);
  }
  Rank owner(std::uint64_t chunk) const {
    return plan::Distribution::round_robin(config_.workers).worker_of({chunk});
  }

  // Plays one random event out of those that the world allows now; returns false if the job is
  // stuck.
  bool step(Sender& sender, const Action& action) {
    if (below(4) == 0) noise(sender);
    std::vector<std::uint64_t> sending;
    std::vector<std::uint64_t> unanswered;
    for (std::uint64_t i = 0; i < messages_.size(); ++i) {
      if (messages_[i].sending) sending.push_back(i);
      if (!messages_[i].answered) unanswered.push_back(i);
    }
    const Send* send = std::get_if<Send>(&action);
    const std::uint64_t choices = (send != nullptr) + sending.size() + unanswered.size();
    if (choices == 0) {
      ADD_FAILURE() << "stuck: Wait, but nothing is under way";
      return false;
    }
    const std::uint64_t pick = below(choices);
    if (pick < sending.size()) {
      messages_[sending[pick]].sending = false;
      sender.on_send_complete(owner(sending[pick]), {sending[pick]});
    } else if (pick < sending.size() + unanswered.size()) {
      answer(sender, unanswered[pick - sending.size()]);
    } else {
      start(sender, *send);
    }
    return true;
  }

  void start(Sender& sender, const Send& send) {
    EXPECT_EQ(send.to, owner(send.chunk.value));
    if (send.attempt > 0) {
      ASSERT_LT(send.chunk.value, messages_.size());
      Message& message = messages_[send.chunk.value];
      EXPECT_EQ(send.attempt, message.attempt + 1);
      EXPECT_LE(send.attempt, config_.retries);
      EXPECT_TRUE(message.answered && !message.written && !message.sending);
      message = {.attempt = send.attempt};
    } else {
      ASSERT_EQ(send.chunk.value, messages_.size()) << "in order";
      if (send.chunk.value == chunks_) {  // the read met the end of the stream
        ASSERT_TRUE(stream_);
        return sender.on_source_end(chunks_);
      }
      messages_.emplace_back();
    }
    sender.on_started(send, Bytes{send.chunk.value + 1}, kNow);
  }

  void answer(Sender& sender, std::uint64_t chunk) {
    Message& message = messages_[chunk];
    wire::Ack ack{.chunk = {chunk}, .attempt = message.attempt};
    message.answered = true;
    if (message.attempt < config_.retries && below(3) == 0) {
      ack.status = wire::AckStatus::corrupt;
      ++corrupt_;
      EXPECT_EQ(sender.on_ack(owner(chunk), ack, kNow), AckEffect::resend);
      return;
    }
    message.written = true;
    EXPECT_EQ(sender.on_ack(owner(chunk), ack, kNow), AckEffect::written);
  }

  // Answers that must change nothing; check() sees to that.
  void noise(Sender& sender) {
    const std::uint64_t chunk = below(chunks_ + 2);
    wire::Ack ack{.chunk = {chunk}};
    if (chunk >= messages_.size()) {
      EXPECT_EQ(sender.on_ack(owner(chunk), ack, kNow), AckEffect::invalid);
    } else if (messages_[chunk].answered) {
      ack.attempt = messages_[chunk].attempt;
      EXPECT_EQ(sender.on_ack(owner(chunk), ack, kNow), AckEffect::stale);
    } else if (messages_[chunk].attempt > 0) {
      ack.attempt = messages_[chunk].attempt - 1;
      EXPECT_EQ(sender.on_ack(owner(chunk), ack, kNow), AckEffect::stale);
    } else {
      const Rank other{owner(chunk).value + 1};
      EXPECT_EQ(sender.on_ack(other, ack, kNow), AckEffect::invalid);
    }
  }

  void check(const Sender& sender) {
    std::vector<std::uint32_t> unacknowledged(config_.workers);
    std::uint64_t written = 0;
    std::uint64_t bytes = 0;
    std::size_t buffers = 0;
    for (std::uint64_t i = 0; i < messages_.size(); ++i) {
      const Message& message = messages_[i];
      if (message.written) {
        ++written;
        bytes += i + 1;
      } else {
        ++unacknowledged[i % config_.workers];
      }
      buffers += message.sending || (config_.retain && !message.written);
      EXPECT_EQ(sender.is_unacknowledged(owner(i), {i}), !message.written);
    }
    for (const std::uint32_t n : unacknowledged) EXPECT_LE(n, config_.window);
    EXPECT_LE(buffers, config_.buffers);
    EXPECT_LE(sender.peak_in_flight(), config_.window);
    EXPECT_EQ(sender.buffers_in_use(), buffers);
    EXPECT_EQ(sender.chunks_written(), written);
    EXPECT_EQ(sender.bytes_written(), Bytes{bytes});
    EXPECT_EQ(sender.chunks_started(), messages_.size());
    EXPECT_EQ(sender.in_flight(), messages_.size() - written);
    EXPECT_EQ(sender.chunks_corrupt(), corrupt_);
  }

  void finish(const Sender& sender) {
    EXPECT_EQ(messages_.size(), chunks_);
    EXPECT_TRUE(std::ranges::all_of(messages_, &Message::written));
    EXPECT_TRUE(std::ranges::none_of(messages_, &Message::sending));
    EXPECT_EQ(sender.chunks_written(), chunks_);
    EXPECT_EQ(sender.buffers_in_use(), 0U);
    EXPECT_EQ(sender.chunks_resent(), corrupt_) << "each damage was sent again";
  }

  std::mt19937_64 random_;
  SenderConfig config_;
  std::uint64_t chunks_ = 0;
  bool stream_ = false;
  std::vector<Message> messages_;
  std::uint64_t corrupt_ = 0;
};

TEST(SenderRandom, every_order_of_events_ends_with_every_chunk_acknowledged_once) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    Play{seed}.run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace mpiferry::protocol

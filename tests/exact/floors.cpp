// exact_floors PATH MOST CHUNKS: what layers 1 to 3 do for a chunk, as often as CHUNKS says, in the
// order in which a job does it; without MPI, disk and clock. instructions.py counts the
// instructions. Whatever the other side sends is made ready before, for MOST chunks, so that it
// costs the same for every CHUNKS.
//
// exact_floors build: what it was built with, as far as that decides which instructions there are.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/plan/chunk_plan.hpp"
#include "engine/protocol/receiver.hpp"
#include "engine/protocol/sender.hpp"
#include "engine/wire/ack.hpp"
#include "engine/wire/digest.hpp"
#include "engine/wire/header.hpp"

namespace {

using namespace mpiferry;

constexpr std::uint32_t kWorkers = 2;
constexpr std::uint32_t kWindow = 8;
constexpr std::uint32_t kAcksInMessage = kWindow / 4;
constexpr std::uint64_t kJobId = 7;
constexpr Bytes kChunk{32};  // payloads are digested by xxHash, whose instructions are not counted

using Message = std::array<std::byte, kHeaderSize + kChunk.value>;
using AckMessage = std::array<std::byte, kHeaderSize + kAcksInMessage * wire::kAckSize>;

void require(bool condition, const char* what) {
  if (!condition) throw std::logic_error{what};
}

Bytes file_size(std::uint64_t chunks) { return {chunks * kChunk.value}; }

Message chunk_message(ChunkIndex chunk, std::uint32_t attempt, Bytes length,
                      std::uint64_t payload_digest) {
  Message out{};
  wire::encode({.kind = wire::Kind::chunk,
                .job_id = kJobId,
                .chunk = chunk,
                .offset = plan::offset(chunk, kChunk),
                .length = length,
                .attempt = attempt,
                .payload_digest = payload_digest},
               std::span{out}.first<kHeaderSize>());
  return out;
}

// As AckSender does it.
AckMessage ack_message(std::span<const wire::Ack> acks) {
  AckMessage out{};
  std::span<std::byte> rest = std::span{out}.subspan(kHeaderSize);
  for (const wire::Ack& ack : acks) {
    wire::encode(ack, rest.first<wire::kAckSize>());
    rest = rest.subspan(wire::kAckSize);
  }
  const std::size_t length = acks.size() * wire::kAckSize;
  wire::encode({.kind = wire::Kind::acks,
                .job_id = kJobId,
                .length = {length},
                .payload_digest = wire::chunk_digest(std::span{out}.subspan(kHeaderSize, length))},
               std::span{out}.first<kHeaderSize>());
  return out;
}

// As Master::hear and hear_acks do it.
void hear(protocol::Sender& sender, const AckMessage& message, Rank from) {
  const auto header = wire::decode(message);
  require(header && wire::payload_matches(*header, message), "an ack message is damaged");
  std::span<const std::byte> rest = std::span{message}.subspan(kHeaderSize);
  for (; !rest.empty(); rest = rest.subspan(wire::kAckSize)) {
    const auto ack = wire::decode_ack(rest.first<wire::kAckSize>());
    require(ack && sender.on_ack(from, *ack, {}) != protocol::AckEffect::invalid,
            "an ack is damaged");
  }
}

// The master: chunks go out until the windows are full; then an ack message comes, with the answers
// to the oldest chunks of a worker. With `damaged` each chunk is answered `corrupt` first.
void master(std::uint64_t most, std::uint64_t chunks, bool damaged) {
  const std::uint32_t attempts = damaged ? 2 : 1;
  // By round: kAcksInMessage chunks of every worker, each of them `attempts` times.
  std::vector<AckMessage> answers;
  const std::uint64_t round_chunks = std::uint64_t{kAcksInMessage} * kWorkers;
  for (std::uint64_t first = 0; first < most; first += round_chunks) {
    for (std::uint32_t attempt = 0; attempt < attempts; ++attempt) {
      for (std::uint32_t worker = 0; worker < kWorkers; ++worker) {
        std::array<wire::Ack, kAcksInMessage> acks{};
        for (std::uint32_t i = 0; i < kAcksInMessage; ++i) {
          acks[i].chunk = {first + worker + std::uint64_t{i} * kWorkers};
          acks[i].attempt = attempt;
          if (attempt + 1 < attempts) acks[i].status = wire::AckStatus::corrupt;
        }
        answers.push_back(ack_message(acks));
      }
    }
  }

  const plan::ChunkPlan plan{file_size(chunks), kChunk, kWorkers};
  protocol::Sender sender{{.workers = kWorkers,
                           .window = kWindow,
                           .buffers = std::size_t{kWorkers} * kWindow,
                           .stall_timeout = std::chrono::seconds{60},
                           .chunks = plan.chunks()}};
  std::size_t next_answer = 0;
  for (;;) {
    const protocol::Action action = sender.next();
    if (std::holds_alternative<protocol::Done>(action)) break;
    if (const auto* send = std::get_if<protocol::Send>(&action)) {
      const Bytes length = plan.length_of(send->chunk);
      const Message message = chunk_message(send->chunk, send->attempt, length, send->chunk.value);
      require(message[0] != std::byte{0}, "no message");
      sender.on_started(*send, length, {});
      sender.on_send_complete(send->to, send->chunk);
    } else {
      const auto worker = static_cast<int>(next_answer % kWorkers) + 1;
      hear(sender, answers.at(next_answer++), Rank{worker});
    }
  }
  require(sender.chunks_written() == chunks, "the master did not finish");
  require(sender.chunks_corrupt() == (damaged ? chunks : 0), "the damage was not noticed");
}

// A worker: a chunk comes, is checked, recorded as written, and answered. With `damaged` each chunk
// arrives twice, the first time with another payload.
void worker(std::uint64_t most, std::uint64_t chunks, bool damaged) {
  const std::uint32_t attempts = damaged ? 2 : 1;
  const std::uint64_t digest = wire::chunk_digest(std::array<std::byte, kChunk.value>{});
  std::vector<Message> arrivals;
  for (std::uint64_t chunk = 0; chunk < most; ++chunk) {
    for (std::uint32_t attempt = 0; attempt < attempts; ++attempt) {
      arrivals.push_back(chunk_message({chunk}, attempt, kChunk, digest));
      if (attempt + 1 < attempts) arrivals.back().back() = std::byte{1};
    }
  }

  protocol::Receiver receiver{{.self = Rank{1},
                               .workers = 1,
                               .job_id = kJobId,
                               .chunk_size = kChunk,
                               .source_size = file_size(most)}};
  protocol::AckBatch batch{kWindow};
  for (std::uint64_t i = 0; i < chunks * attempts; ++i) {
    const Message& message = arrivals[i];
    const auto header = wire::decode(message);
    require(static_cast<bool>(header), "a header is damaged");
    const auto step = receiver.on_chunk(*header, wire::payload_matches(*header, message));
    if (const auto* known = std::get_if<protocol::Answer>(&step)) {
      batch.add(known->ack);
    } else {
      require(std::holds_alternative<protocol::Write>(step), "a chunk was refused");
      batch.add(receiver.on_written(*header, wire::WriteCall::none, 0));
    }
    if (!batch.urgent()) continue;
    require(ack_message(batch.pending())[0] != std::byte{0}, "no ack message");
    batch.clear();
  }
  require(receiver.chunks_written() == chunks, "the worker did not finish");
  require(receiver.chunks_corrupt() == (damaged ? chunks : 0), "the damage was not noticed");
}

void print_build() {
#if defined(__clang__)
  std::string build = "clang " + std::to_string(__clang_major__);
#elif defined(__GNUC__)
  std::string build = "g++ " + std::to_string(__GNUC__);
#else
  std::string build = "another compiler";
#endif
#ifdef __x86_64__
  build += " x86-64 ";
#else
  build += " another-processor ";
#endif
  build += EXACT_BUILD_TYPE;
  // What compilers of some distributions, or the builder, add; each changes the instructions.
#ifndef __OPTIMIZE__
  build += " unoptimized";
#endif
#ifndef NDEBUG
  build += " assertions";
#endif
#ifdef MPIFERRY_SANITIZED
  build += " sanitized";
#endif
#ifdef __CET__
  build += " cet";
#endif
#if defined(__SSP__) || defined(__SSP_STRONG__) || defined(__SSP_ALL__)
  build += " stack-protector";
#endif
#if defined(_FORTIFY_SOURCE) && _FORTIFY_SOURCE > 0
  build += " fortified";
#endif
#ifdef __SSE3__
  build += " march";
#endif
  if (std::string_view{EXACT_FLAGS} != "") build += " with " EXACT_FLAGS;
  if (!wire::digests_are_real()) build += " without-digests";
  std::puts(build.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view path = argc > 1 ? argv[1] : "";
  if (path == "build" && argc == 2) {
    print_build();
    return 0;
  }
  const bool damaged = path.ends_with(".damaged");
  const bool masters = path == "master" || path == "master.damaged";
  const bool workers = path == "worker" || path == "worker.damaged";
  if (argc != 4 || !(masters || workers)) {
    std::fputs("usage: exact_floors build | {master,worker}[.damaged] MOST CHUNKS\n", stderr);
    return 2;
  }
  const auto most = std::strtoull(argv[2], nullptr, 10);
  const auto chunks = std::strtoull(argv[3], nullptr, 10);
  constexpr std::uint64_t kRound = std::uint64_t{kAcksInMessage} * kWorkers;
  if (chunks == 0 || chunks > most || chunks % kRound != 0 || most % kRound != 0) {
    std::fputs("exact_floors: CHUNKS must be from 4 to MOST, and both multiples of 4\n", stderr);
    return 2;
  }
  (masters ? master : worker)(most, chunks, damaged);
  return 0;
}

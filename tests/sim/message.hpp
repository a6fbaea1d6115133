// Real messages in simulated buffers: engine/job/control.* without MPI.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/wire/digest.hpp"
#include "engine/wire/header.hpp"
#include "engine/wire/job.hpp"

namespace mpiferry::sim {

// Puts header and payload into `out`; length and digest of the payload are filled in.
inline void put_message(std::vector<std::byte>& out, wire::Header header,
                        std::span<const std::byte> payload) {
  header.length = {payload.size()};
  header.payload_digest = wire::chunk_digest(payload);
  out.resize(kHeaderSize + payload.size());
  wire::encode(header, std::span{out}.first<kHeaderSize>());
  std::ranges::copy(payload, out.begin() + kHeaderSize);
}

// The same with a message around the chunks: Job, Ready, End, Closed, Failure.
template <class Message>
void put_control(std::vector<std::byte>& out, wire::Kind kind, std::uint64_t job_id,
                 const Message& message) {
  std::array<std::byte, 2048> text;  // what the simulator says is short
  const auto length = wire::encode(message, text);
  put_message(out, {.kind = kind, .job_id = job_id}, std::span{text}.first(*length));
}

struct OpenMessage {
  wire::Header header;
  std::span<const std::byte> payload;
};
// As engine/job/control.hpp has it: header, job id, digest of the payload.
Result<OpenMessage> open_message(std::span<const std::byte> bytes, std::uint64_t job_id);

// "acks [7 written, 9 corrupt]"
std::string describe_message(std::span<const std::byte> bytes);

}  // namespace mpiferry::sim

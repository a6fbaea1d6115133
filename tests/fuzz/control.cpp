// Decodes the JSON messages: those around the chunks, a retrieval, and names that have no place.
// What decodes is in range, and must encode and decode to an equal value.
#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/wire/job.hpp"
#include "engine/wire/retrieval.hpp"
#include "tests/fuzz/target.hpp"

namespace mpiferry::wire {
namespace {

using fuzz::require;

// Whether a terminal and a log show this as the one line that it should be.
bool is_one_line(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

// The buffer is larger than any message, because bytes that came as {"hex": "01"} leave as
// "\u0001".
template <class Message>
std::vector<std::byte> encoded(const Message& message, std::size_t from) {
  std::vector<std::byte> out(1024 + 8 * from);
  const auto size = encode(message, out);
  require(static_cast<bool>(size), "what decodes can be encoded");
  out.resize(*size);
  return out;
}

template <class Message, class Decode>
void play(std::span<const std::byte> payload, Decode decode, void (*check)(const Message&)) {
  const Result<Message> message = decode(payload);
  if (!message) {
    require(message.error().code == Errc::bad_field, "a bad message is a bad field");
    require(is_one_line(message.error().message()), "a failure is one line");
    return;
  }
  check(*message);
  const Result<Message> again = decode(encoded(*message, payload.size()));
  require(again && *again == *message, "encode and decode return an equal value");
}

// What a worker allocates and divides by.
void check_job(const Job& job) {
  require(job.chunk_size >= 1_B && job.chunk_size <= kMaxChunkSize, "chunk size in range");
  require(job.workers >= 1, "somebody works");
  require(job.window >= 1 && job.window <= kMaxWindow, "window in range");
  if (!job.source.size) return;
  const std::uint64_t size = job.source.size->value;
  require(size <= kMaxChunks * job.chunk_size.value, "no more chunks than a job may have");
}

// Nor for how many workers it keeps a directory.
void check_retrieval(const RetrievalJob& retrieval) {
  require(retrieval.chunk_size >= 1_B && retrieval.chunk_size <= kMaxChunkSize,
          "chunk size in range");
  require(retrieval.window >= 1 && retrieval.window <= kMaxWindow, "window in range");
  require(retrieval.size.value <= kMaxChunks * retrieval.chunk_size.value,
          "no more chunks than a job may have");
  std::uint64_t workers = 0;
  for (const RetrievalJob::Hosts& hosts : retrieval.hosts) {
    require(hosts.workers >= 1, "a host has workers");
    require(hosts.host.find('/') == std::string::npos, "a host leads nowhere");
    workers += hosts.workers;
  }
  require(workers >= 1 && workers <= kMaxRetrieved, "workers in range");
}

void check_extras(const ExtraFiles& extras) {
  for (const std::string& name : extras.names) {
    require(name.find('/') == std::string::npos, "a name leads nowhere");
  }
}

auto fields(const Failure& f) {
  return std::tie(f.code, f.rank, f.host, f.path, f.call, f.system_errno, f.detail, f.hint);
}

void play_failure(std::span<const std::byte> payload) {
  const Failure failure = decode_failure(payload);
  require(failure.code != Errc::ok, "a failure has failed");
  require(is_one_line(failure.message()), "a failure is one line");
  const Failure again = decode_failure(encoded(failure, 1024 + payload.size()));
  require(fields(again) == fields(failure), "encode and decode return an equal failure");
}

// Whatever bytes a path is of, they survive the way.
void play_path(std::span<const std::byte> path) {
  const std::string text{reinterpret_cast<const char*>(path.data()), path.size()};
  const Ready ready{.host = "node7",
                    .machine = "7c1f",
                    .directory = text,
                    .directory_id = "66305:42",
                    .shares_master_directory = true};
  const auto again = decode_ready(encoded(ready, path.size()));
  require(again && *again == ready, "any path encodes and decodes to itself");
}

}  // namespace
}  // namespace mpiferry::wire

// The first byte says which message it is: '0' is a job, '1' ready, '2' end, '3' closed, '4' a
// failure, '5' a path, '6' a retrieval, '7' extras. So a seed is a file that can be read and
// written with an editor.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mpiferry::wire;
  if (size == 0) return 0;
  const auto payload = mpiferry::fuzz::bytes_of(data + 1, size - 1);
  switch (data[0] % 8) {
    case 0:
      play<Job>(payload, decode_job, check_job);
      break;
    case 1:
      play<Ready>(payload, decode_ready, [](const Ready&) {});
      break;
    case 2:
      play<End>(payload, decode_end, [](const End&) {});
      break;
    case 3:
      play<Closed>(payload, decode_closed, [](const Closed&) {});
      break;
    case 4:
      play_failure(payload);
      break;
    case 5:
      play_path(payload);
      break;
    case 6:
      play<RetrievalJob>(payload, decode_retrieval_job, check_retrieval);
      break;
    default:
      play<ExtraFiles>(payload, decode_extra_files, check_extras);
  }
  return 0;
}

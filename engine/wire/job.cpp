#include "engine/wire/job.hpp"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "engine/wire/json_text.hpp"
#include "engine/wire/refusal.hpp"

namespace mpiferry::wire {
namespace {

constexpr auto kMaxU32 = std::numeric_limits<std::uint32_t>::max();
constexpr auto kMaxU64 = std::numeric_limits<std::uint64_t>::max();
constexpr int kMaxInt = std::numeric_limits<int>::max();
constexpr std::uint32_t kMaxWorkers = std::numeric_limits<int>::max() - 1;  // rank 0 is the master
// Far above any sensible test, and far below where adding it to a clock overflows.
constexpr std::chrono::microseconds kMaxWriteDelay = std::chrono::hours{24};

Result<std::size_t> put_json(std::string_view what, const Json& json, std::span<std::byte> out) {
  const std::string text = json.dump();  // can not throw: json_from_bytes let only UTF-8 through
  if (text.size() > out.size()) {
    return refusal(Errc::bad_length, std::string{what} + ": " + std::to_string(text.size()) +
                                         " bytes, but the message holds only " +
                                         std::to_string(out.size()));
  }
  std::ranges::copy(std::as_bytes(std::span{text}), out.begin());
  return text.size();
}

Json parse(std::span<const std::byte> payload) {
  const auto* text = reinterpret_cast<const char*>(payload.data());
  // What is no JSON reads as a value that is no object, which Fields refuses.
  return Json::parse(text, text + payload.size(), nullptr, /*allow_exceptions=*/false);
}

// Reads `payload` with `read(fields, failure)`, which returns the message.
template <class Read>
auto take_json(std::string_view what, std::span<const std::byte> payload, Read read)
    -> Result<std::invoke_result_t<Read, Fields&, std::optional<Failure>&>> {
  const Json json = parse(payload);
  std::optional<Failure> failure;
  Fields fields{json, std::string{what} + ": ", failure};
  auto message = read(fields, failure);
  if (failure) return *std::move(failure);
  return message;
}

Json json_from(const Faults& faults) {
  return {{"corrupt_every", faults.corrupt_every},
          {"corrupt_first", faults.corrupt_first},
          {"stall_rank", faults.stall_rank.value},
          {"stall_after", faults.stall_after},
          {"write_delay_us", faults.write_delay.count()}};
}

Faults read_faults(const Json& json, std::optional<Failure>& failure) {
  Fields fields{json, "job: faults.", failure};
  Faults faults;
  faults.corrupt_every = fields.integer<std::uint64_t>("corrupt_every", 0, kMaxU64);
  faults.corrupt_first = fields.integer<std::uint64_t>("corrupt_first", 0, kMaxU64);
  faults.stall_rank.value = fields.integer<int>("stall_rank", kNoRank.value, kMaxInt);
  faults.stall_after = fields.integer<std::uint64_t>("stall_after", 0, kMaxU64);
  faults.write_delay = std::chrono::microseconds{
      fields.integer<std::int64_t>("write_delay_us", 0, kMaxWriteDelay.count())};
  return faults;
}

}  // namespace

Result<std::size_t> encode(const Job& job, std::span<std::byte> out) {
  Json json = {{"destination", json_from_bytes(job.destination)},
               {"token", json_from_bytes(job.token)},
               {"source_id", json_from_bytes(job.source_id)},
               {"source_size", nullptr},
               {"chunk_size", job.chunk_size.value},
               {"window", job.window},
               {"workers", job.workers},
               {"fsync", job.fsync},
               {"direct", job.direct},
               {"force", job.force},
               {"discard", job.discard}};
  if (job.source_size) json["source_size"] = job.source_size->value;
  if (job.faults != Faults{}) json["faults"] = json_from(job.faults);
  return put_json("job", json, out);
}

Result<Job> decode_job(std::span<const std::byte> payload) {
  return take_json("job", payload, [](Fields& fields, std::optional<Failure>& failure) {
    Job job;
    job.destination = fields.bytes("destination");
    job.token = fields.bytes("token");
    job.source_id = fields.bytes("source_id");
    if (const Json* size = fields.member("source_size"); size != nullptr && !size->is_null()) {
      job.source_size = Bytes{fields.integer<std::uint64_t>("source_size", 0, kMaxFileSize)};
    }
    job.chunk_size.value = fields.integer<std::uint64_t>("chunk_size", 1, kMaxChunkSize.value);
    job.window = fields.integer<std::uint32_t>("window", 1, kMaxU32);
    job.workers = fields.integer<std::uint32_t>("workers", 1, kMaxWorkers);
    job.fsync = fields.boolean("fsync");
    job.direct = fields.boolean("direct");
    job.force = fields.boolean("force");
    job.discard = fields.boolean("discard");
    if (const Json* faults = fields.optional_member("faults")) {
      job.faults = read_faults(*faults, failure);
    }
    return job;
  });
}

Result<std::size_t> encode(const Ready& ready, std::span<std::byte> out) {
  const Json json = {{"host", json_from_bytes(ready.host)},
                     {"directory", json_from_bytes(ready.directory)},
                     {"directory_id", json_from_bytes(ready.directory_id)},
                     {"shares_master_directory", ready.shares_master_directory}};
  return put_json("ready", json, out);
}

Result<Ready> decode_ready(std::span<const std::byte> payload) {
  return take_json("ready", payload, [](Fields& fields, std::optional<Failure>&) {
    Ready ready;
    ready.host = fields.bytes("host");
    ready.directory = fields.bytes("directory");
    ready.directory_id = fields.bytes("directory_id");
    ready.shares_master_directory = fields.boolean("shares_master_directory");
    return ready;
  });
}

Result<std::size_t> encode(const End& end, std::span<std::byte> out) {
  const Json json = {{"verdict", error_name(end.verdict)},
                     {"sums_file", json_from_bytes(end.sums_file)}};
  return put_json("end", json, out);
}

Result<End> decode_end(std::span<const std::byte> payload) {
  return take_json("end", payload, [](Fields& fields, std::optional<Failure>&) {
    End end;
    end.verdict = fields.error("verdict");
    end.sums_file = fields.bytes("sums_file");
    return end;
  });
}

Result<std::size_t> encode(const Closed& closed, std::span<std::byte> out) {
  const Json json = {{"chunks_written", closed.chunks_written},
                     {"bytes_written", closed.bytes_written.value},
                     {"chunks_corrupt", closed.chunks_corrupt},
                     {"ack_messages", closed.ack_messages}};
  return put_json("closed", json, out);
}

Result<Closed> decode_closed(std::span<const std::byte> payload) {
  return take_json("closed", payload, [](Fields& fields, std::optional<Failure>&) {
    Closed closed;
    closed.chunks_written = fields.integer<std::uint64_t>("chunks_written", 0, kMaxU64);
    closed.bytes_written.value = fields.integer<std::uint64_t>("bytes_written", 0, kMaxU64);
    closed.chunks_corrupt = fields.integer<std::uint64_t>("chunks_corrupt", 0, kMaxU64);
    closed.ack_messages = fields.integer<std::uint64_t>("ack_messages", 0, kMaxU64);
    return closed;
  });
}

Result<std::size_t> encode(const Failure& failure, std::span<std::byte> out) {
  const Json json = {
      {"code", error_name(failure.code)},          {"rank", failure.rank.value},
      {"host", json_from_bytes(failure.host)},     {"path", json_from_bytes(failure.path)},
      {"call", json_from_bytes(failure.call)},     {"errno", failure.system_errno},
      {"detail", json_from_bytes(failure.detail)}, {"hint", json_from_bytes(failure.hint)}};
  return put_json("failure", json, out);
}

Failure decode_failure(std::span<const std::byte> payload) {
  const Json json = parse(payload);
  std::optional<Failure> refused;
  Fields fields{json, "failure: ", refused};
  Failure failure;
  failure.code = fields.error("code");
  if (failure.code == Errc::ok) fields.refuse("code", "must be an error");
  failure.rank.value = fields.integer<int>("rank", kNoRank.value, kMaxInt);
  failure.host = fields.bytes("host");
  failure.path = fields.bytes("path");
  failure.call = fields.bytes("call");
  failure.system_errno = fields.integer<int>("errno", 0, kMaxInt);
  failure.detail = fields.bytes("detail");
  failure.hint = fields.bytes("hint");
  return refused ? *std::move(refused) : failure;
}

}  // namespace mpiferry::wire

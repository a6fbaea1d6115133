#include "engine/wire/retrieval.hpp"

#include <utility>

#include "engine/wire/byte_order.hpp"
#include "engine/wire/json_message.hpp"
#include "engine/wire/refusal.hpp"

namespace mpiferry::wire {
namespace {

// Where the fields of the small records start; docs/reference/protocol.md shows the same tables.
struct SeenChunksAt {
  static constexpr std::size_t kDirectory = 0;
  static constexpr std::size_t kNumber = 4;
  static constexpr std::size_t kOf = 8;
  static constexpr std::size_t kReserved = 12;
};
struct RunAt {
  static constexpr std::size_t kFirst = 0;
  static constexpr std::size_t kStride = 8;
  static constexpr std::size_t kCount = 12;
};
struct ReadRequestAt {
  static constexpr std::size_t kChunk = 0;
  static constexpr std::size_t kAttempt = 8;
  static constexpr std::size_t kDirectory = 12;
  static constexpr std::size_t kDigest = 16;
  static constexpr std::size_t kMoved = 24;
  static constexpr std::size_t kReserved = 28;
};
struct ReadReplyAt {
  static constexpr std::size_t kChunk = 0;
  static constexpr std::size_t kAttempt = 8;
  static constexpr std::size_t kStatus = 12;
  static constexpr std::size_t kCall = 14;
  static constexpr std::size_t kSystemErrno = 16;
  static constexpr std::size_t kReserved = 20;
  static constexpr std::size_t kDigest = 24;
  static constexpr std::size_t kLength = 32;
};

std::vector<RetrievalJob::Hosts> read_hosts(Fields& fields, std::optional<Failure>& failure) {
  std::vector<RetrievalJob::Hosts> hosts;
  const Json* array = fields.member("hosts");
  if (array == nullptr) return hosts;
  std::uint64_t workers = 0;
  for (const Json& json : *array) {
    Fields each{json, "retrieval job: hosts.", failure};
    hosts.push_back({each.bytes("host"), each.integer<std::uint32_t>("workers", 1, kMaxRetrieved)});
    if (!is_host_name(hosts.back().host)) each.refuse("host", "must be a name without a slash");
    workers += hosts.back().workers;
    if (failure) break;
  }
  if (!array->is_array() || workers < 1 || workers > kMaxRetrieved) {
    fields.refuse("hosts", "must be an array of the hosts of 1 to " +
                               std::to_string(kMaxRetrieved) + " workers");
  }
  return hosts;
}

}  // namespace

Result<std::size_t> encode(const RetrievalJob& job, std::span<std::byte> out) {
  Json json = {{"master", json_from(job.master)},
               {"directory", json_from_bytes(job.directory)},
               {"hosts", Json::array()},
               {"size", job.size.value},
               {"chunk_size", job.chunk_size.value},
               {"layout", layout_name(job.layout)},
               {"window", job.window},
               {"deliver", job.deliver},
               {"stall_timeout_ms", job.stall_timeout.count()}};
  for (const RetrievalJob::Hosts& hosts : job.hosts) {
    json["hosts"].push_back({{"host", json_from_bytes(hosts.host)}, {"workers", hosts.workers}});
  }
  if (job.faults != Faults{}) json["faults"] = json_from(job.faults);
  return put_json("retrieval job", json, out);
}

Result<RetrievalJob> decode_retrieval_job(std::span<const std::byte> payload) {
  return take_json("retrieval job", payload, [](Fields& fields, std::optional<Failure>& failure) {
    RetrievalJob job;
    job.master = read_master(fields, "retrieval job: ", failure);
    job.directory = fields.bytes("directory");
    job.hosts = read_hosts(fields, failure);
    job.size.value = fields.integer<std::uint64_t>("size", 0, kMaxFileSize);
    job.chunk_size.value = fields.integer<std::uint64_t>("chunk_size", 1, kMaxChunkSize.value);
    if (job.size.value > kMaxChunks * job.chunk_size.value) {
      fields.refuse("chunk_size", "makes too many chunks");
    }
    job.layout = read_layout(fields);
    job.window = fields.integer<std::uint32_t>("window", 1, kMaxWindow);
    job.deliver = fields.boolean("deliver");
    job.stall_timeout = read_stall_timeout(fields);
    if (const Json* faults = fields.optional_member("faults")) {
      job.faults = read_faults(*faults, "retrieval job: faults.", failure);
    }
    return job;
  });
}

std::size_t encode(const SeenChunks& seen, std::span<std::byte> out) noexcept {
  const auto head = out.first<kSeenChunksHead>();
  put<SeenChunksAt::kDirectory>(head, seen.directory);
  put<SeenChunksAt::kNumber>(head, seen.part.number);
  put<SeenChunksAt::kOf>(head, seen.part.of);
  put<SeenChunksAt::kReserved>(head, std::uint32_t{0});
  std::size_t at = kSeenChunksHead;
  for (const ChunkRun& run : seen.runs) {
    const auto to = out.subspan(at).first<kRunSize>();
    put<RunAt::kFirst>(to, run.first);
    put<RunAt::kStride>(to, run.stride);
    put<RunAt::kCount>(to, run.count);
    at += kRunSize;
  }
  return at;
}

Result<SeenChunks> decode_seen_chunks(std::span<const std::byte> payload) {
  if (payload.size() < kSeenChunksHead || (payload.size() - kSeenChunksHead) % kRunSize != 0) {
    return bad_field("seen chunks: a length that cannot be");
  }
  const auto head = payload.first<kSeenChunksHead>();
  if (take<SeenChunksAt::kReserved, std::uint32_t>(head) != 0) {
    return bad_field("seen chunks: the reserved bytes must be 0");
  }
  SeenChunks seen{.directory = take<SeenChunksAt::kDirectory, std::uint32_t>(head),
                  .runs = {},
                  .part = {.number = take<SeenChunksAt::kNumber, std::uint32_t>(head),
                           .of = take<SeenChunksAt::kOf, std::uint32_t>(head)}};
  if (seen.part.number >= seen.part.of) {
    return bad_field("seen chunks: a number that is not below the count");
  }
  for (payload = payload.subspan(kSeenChunksHead); !payload.empty();
       payload = payload.subspan(kRunSize)) {
    const auto in = payload.first<kRunSize>();
    const ChunkRun run{take<RunAt::kFirst, std::uint64_t>(in),
                       take<RunAt::kStride, std::uint32_t>(in),
                       take<RunAt::kCount, std::uint32_t>(in)};
    if (run.stride == 0 || run.count == 0 || run.first >= kMaxChunks || run.last() >= kMaxChunks) {
      return bad_field("seen chunks: a run of chunks that cannot be");
    }
    seen.runs.push_back(run);
  }
  return seen;
}

void encode(const ReadRequest& request, std::span<std::byte, kReadRequestSize> out) noexcept {
  put<ReadRequestAt::kChunk>(out, request.chunk.value);
  put<ReadRequestAt::kAttempt>(out, request.attempt);
  put<ReadRequestAt::kDirectory>(out, request.directory);
  put<ReadRequestAt::kDigest>(out, request.digest);
  put<ReadRequestAt::kMoved>(out, static_cast<std::uint32_t>(request.moved));
  put<ReadRequestAt::kReserved>(out, std::uint32_t{0});
}

Result<ReadRequest> decode_read_request(std::span<const std::byte, kReadRequestSize> in) {
  const auto moved = take<ReadRequestAt::kMoved, std::uint32_t>(in);
  if (moved > 1 || take<ReadRequestAt::kReserved, std::uint32_t>(in) != 0) {
    return bad_field("request: a flag or reserved bytes that cannot be");
  }
  return ReadRequest{.chunk = {take<ReadRequestAt::kChunk, std::uint64_t>(in)},
                     .attempt = take<ReadRequestAt::kAttempt, std::uint32_t>(in),
                     .directory = take<ReadRequestAt::kDirectory, std::uint32_t>(in),
                     .digest = take<ReadRequestAt::kDigest, std::uint64_t>(in),
                     .moved = moved == 1};
}

void encode(const ReadReply& reply, std::span<std::byte, kReadReplySize> out) noexcept {
  put<ReadReplyAt::kChunk>(out, reply.chunk.value);
  put<ReadReplyAt::kAttempt>(out, reply.attempt);
  put<ReadReplyAt::kStatus>(out, static_cast<std::uint16_t>(reply.status));
  put<ReadReplyAt::kCall>(out, static_cast<std::uint16_t>(reply.call));
  put<ReadReplyAt::kSystemErrno>(out, static_cast<std::uint32_t>(reply.system_errno));
  put<ReadReplyAt::kReserved>(out, std::uint32_t{0});
  put<ReadReplyAt::kDigest>(out, reply.digest);
  put<ReadReplyAt::kLength>(out, reply.length.value);
}

Result<ReadReply> decode_read_reply(std::span<const std::byte, kReadReplySize> in) {
  const auto status = take<ReadReplyAt::kStatus, std::uint16_t>(in);
  const auto call = take<ReadReplyAt::kCall, std::uint16_t>(in);
  if (status > static_cast<std::uint16_t>(ReadReply::Status::unreadable)) {
    return bad_field("read reply: an unknown status");
  }
  if (call > static_cast<std::uint16_t>(ReadReply::Call::pread)) {
    return bad_field("read reply: an unknown call");
  }
  if (take<ReadReplyAt::kReserved, std::uint32_t>(in) != 0) {
    return bad_field("read reply: the reserved bytes must be 0");
  }
  const ReadReply reply{
      .chunk = {take<ReadReplyAt::kChunk, std::uint64_t>(in)},
      .attempt = take<ReadReplyAt::kAttempt, std::uint32_t>(in),
      .status = static_cast<ReadReply::Status>(status),
      .call = static_cast<ReadReply::Call>(call),
      .system_errno = static_cast<std::int32_t>(take<ReadReplyAt::kSystemErrno, std::uint32_t>(in)),
      .digest = take<ReadReplyAt::kDigest, std::uint64_t>(in),
      .length = {take<ReadReplyAt::kLength, std::uint64_t>(in)}};
  if (reply.system_errno < 0) return bad_field("read reply: a negative errno");
  return reply;
}

const char* call_name(ReadReply::Call call) noexcept {
  switch (call) {
    case ReadReply::Call::none:
      return "";
    case ReadReply::Call::open:
      return "open";
    case ReadReply::Call::pread:
      return "pread";
  }
  return "";
}

Result<std::size_t> encode(const ExtraFiles& extras, std::span<std::byte> out) {
  Json json = {{"directory", extras.directory},
               {"number", extras.part.number},
               {"of", extras.part.of},
               {"names", Json::array()}};
  for (const std::string& name : extras.names) json["names"].push_back(json_from_bytes(name));
  if (!extras.call.empty()) {
    json["call"] = json_from_bytes(extras.call);
    json["errno"] = extras.system_errno;
  }
  return put_json("extra files", json, out);
}

Result<ExtraFiles> decode_extra_files(std::span<const std::byte> payload) {
  return take_json("extra files", payload, [](Fields& fields, std::optional<Failure>&) {
    ExtraFiles extras;
    extras.directory = fields.integer<std::uint32_t>("directory", 0, kMaxU32);
    extras.part.of = fields.integer<std::uint32_t>("of", 1, kMaxU32);
    extras.part.number = fields.integer<std::uint32_t>("number", 0, kMaxU32);
    if (extras.part.number >= extras.part.of) fields.refuse("number", "must be below \"of\"");
    const Json* names = fields.member("names");
    if (names == nullptr) return extras;
    if (!names->is_array()) fields.refuse("names", "must be an array");
    for (const Json& json : *names) {
      auto name = bytes_from_json(json);
      if (!name || name->find('/') != std::string::npos) {
        fields.refuse("names", "must be names without a slash");
        break;
      }
      extras.names.push_back(*std::move(name));
    }
    if (fields.optional_member("call") != nullptr) {
      extras.call = fields.bytes("call");
      extras.system_errno = fields.integer<int>("errno", 0, kMaxInt);
    }
    return extras;
  });
}

}  // namespace mpiferry::wire

#include "engine/wire/recall.hpp"

#include <utility>

#include "engine/wire/byte_order.hpp"
#include "engine/wire/json_message.hpp"
#include "engine/wire/refusal.hpp"

namespace mpiferry::wire {
namespace {

// Where the fields of the small records start; docs/reference/protocol.md shows the same tables.
struct HoldingAt {
  static constexpr std::size_t kDirectory = 0;
  static constexpr std::size_t kReserved = 4;
};
struct RunAt {
  static constexpr std::size_t kFirst = 0;
  static constexpr std::size_t kStride = 8;
  static constexpr std::size_t kCount = 12;
};
struct RequestAt {
  static constexpr std::size_t kChunk = 0;
  static constexpr std::size_t kAttempt = 8;
  static constexpr std::size_t kDirectory = 12;
  static constexpr std::size_t kDigest = 16;
  static constexpr std::size_t kMoved = 24;
  static constexpr std::size_t kReserved = 28;
};
struct FindingAt {
  static constexpr std::size_t kChunk = 0;
  static constexpr std::size_t kAttempt = 8;
  static constexpr std::size_t kStatus = 12;
  static constexpr std::size_t kCall = 14;
  static constexpr std::size_t kSystemErrno = 16;
  static constexpr std::size_t kReserved = 20;
  static constexpr std::size_t kDigest = 24;
};

std::vector<Recall::Hosts> read_hosts(Fields& fields, std::optional<Failure>& failure) {
  std::vector<Recall::Hosts> hosts;
  const Json* array = fields.member("hosts");
  if (array == nullptr) return hosts;
  std::uint64_t workers = 0;
  for (const Json& json : *array) {
    Fields each{json, "recall: hosts.", failure};
    hosts.push_back({each.bytes("host"), each.integer<std::uint32_t>("workers", 1, kMaxRecalled)});
    if (!is_host_name(hosts.back().host)) each.refuse("host", "must be a name without a slash");
    workers += hosts.back().workers;
    if (failure) break;
  }
  if (!array->is_array() || workers < 1 || workers > kMaxRecalled) {
    fields.refuse("hosts", "must be an array of the hosts of 1 to " + std::to_string(kMaxRecalled) +
                               " workers");
  }
  return hosts;
}

}  // namespace

Result<std::size_t> encode(const Recall& recall, std::span<std::byte> out) {
  Json json = {{"build", json_from_bytes(recall.build)},
               {"host", json_from_bytes(recall.host)},
               {"directory", json_from_bytes(recall.directory)},
               {"hosts", Json::array()},
               {"size", recall.size.value},
               {"chunk_size", recall.chunk_size.value},
               {"layout", layout_name(recall.layout)},
               {"window", recall.window},
               {"deliver", recall.deliver},
               {"stall_timeout_ms", recall.stall_timeout.count()}};
  for (const Recall::Hosts& hosts : recall.hosts) {
    json["hosts"].push_back({{"host", json_from_bytes(hosts.host)}, {"workers", hosts.workers}});
  }
  if (recall.faults != Faults{}) json["faults"] = json_from(recall.faults);
  return put_json("recall", json, out);
}

Result<Recall> decode_recall(std::span<const std::byte> payload) {
  return take_json("recall", payload, [](Fields& fields, std::optional<Failure>& failure) {
    Recall recall;
    recall.build = fields.bytes("build");
    recall.host = fields.bytes("host");
    recall.directory = fields.bytes("directory");
    recall.hosts = read_hosts(fields, failure);
    recall.size.value = fields.integer<std::uint64_t>("size", 0, kMaxFileSize);
    recall.chunk_size.value = fields.integer<std::uint64_t>("chunk_size", 1, kMaxChunkSize.value);
    if (recall.size.value > kMaxChunks * recall.chunk_size.value) {
      fields.refuse("chunk_size", "makes too many chunks");
    }
    recall.layout = read_layout(fields);
    recall.window = fields.integer<std::uint32_t>("window", 1, kMaxWindow);
    recall.deliver = fields.boolean("deliver");
    recall.stall_timeout = read_stall_timeout(fields);
    if (const Json* faults = fields.optional_member("faults")) {
      recall.faults = read_faults(*faults, "recall: faults.", failure);
    }
    return recall;
  });
}

std::size_t encode(const Holding& holding, std::span<std::byte> out) noexcept {
  put<HoldingAt::kDirectory>(out.first<kHoldingHead>(), holding.directory);
  put<HoldingAt::kReserved>(out.first<kHoldingHead>(), std::uint32_t{0});
  std::size_t at = kHoldingHead;
  for (const ChunkRun& run : holding.runs) {
    const auto to = out.subspan(at).first<kRunSize>();
    put<RunAt::kFirst>(to, run.first);
    put<RunAt::kStride>(to, run.stride);
    put<RunAt::kCount>(to, run.count);
    at += kRunSize;
  }
  return at;
}

Result<Holding> decode_holding(std::span<const std::byte> payload) {
  if (payload.size() < kHoldingHead || (payload.size() - kHoldingHead) % kRunSize != 0) {
    return bad_field("holding: a length that cannot be");
  }
  if (take<HoldingAt::kReserved, std::uint32_t>(payload.first<kHoldingHead>()) != 0) {
    return bad_field("holding: the reserved bytes must be 0");
  }
  Holding holding;
  holding.directory = take<HoldingAt::kDirectory, std::uint32_t>(payload.first<kHoldingHead>());
  for (payload = payload.subspan(kHoldingHead); !payload.empty();
       payload = payload.subspan(kRunSize)) {
    const auto in = payload.first<kRunSize>();
    const ChunkRun run{take<RunAt::kFirst, std::uint64_t>(in),
                       take<RunAt::kStride, std::uint32_t>(in),
                       take<RunAt::kCount, std::uint32_t>(in)};
    if (run.stride == 0 || run.count == 0 || run.first >= kMaxChunks || run.last() >= kMaxChunks) {
      return bad_field("holding: a run of chunks that cannot be");
    }
    holding.runs.push_back(run);
  }
  return holding;
}

void encode(const Request& request, std::span<std::byte, kRequestSize> out) noexcept {
  put<RequestAt::kChunk>(out, request.chunk.value);
  put<RequestAt::kAttempt>(out, request.attempt);
  put<RequestAt::kDirectory>(out, request.directory);
  put<RequestAt::kDigest>(out, request.digest);
  put<RequestAt::kMoved>(out, static_cast<std::uint32_t>(request.moved));
  put<RequestAt::kReserved>(out, std::uint32_t{0});
}

Result<Request> decode_request(std::span<const std::byte, kRequestSize> in) {
  const auto moved = take<RequestAt::kMoved, std::uint32_t>(in);
  if (moved > 1 || take<RequestAt::kReserved, std::uint32_t>(in) != 0) {
    return bad_field("request: a flag or reserved bytes that cannot be");
  }
  return Request{.chunk = {take<RequestAt::kChunk, std::uint64_t>(in)},
                 .attempt = take<RequestAt::kAttempt, std::uint32_t>(in),
                 .directory = take<RequestAt::kDirectory, std::uint32_t>(in),
                 .digest = take<RequestAt::kDigest, std::uint64_t>(in),
                 .moved = moved == 1};
}

void encode(const Finding& finding, std::span<std::byte, kFindingSize> out) noexcept {
  put<FindingAt::kChunk>(out, finding.chunk.value);
  put<FindingAt::kAttempt>(out, finding.attempt);
  put<FindingAt::kStatus>(out, static_cast<std::uint16_t>(finding.status));
  put<FindingAt::kCall>(out, static_cast<std::uint16_t>(finding.call));
  put<FindingAt::kSystemErrno>(out, static_cast<std::uint32_t>(finding.system_errno));
  put<FindingAt::kReserved>(out, std::uint32_t{0});
  put<FindingAt::kDigest>(out, finding.digest);
}

Result<Finding> decode_finding(std::span<const std::byte, kFindingSize> in) {
  const auto status = take<FindingAt::kStatus, std::uint16_t>(in);
  const auto call = take<FindingAt::kCall, std::uint16_t>(in);
  if (status > static_cast<std::uint16_t>(Finding::Status::unreadable)) {
    return bad_field("finding: an unknown status");
  }
  if (call > static_cast<std::uint16_t>(Finding::Call::pread)) {
    return bad_field("finding: an unknown call");
  }
  if (take<FindingAt::kReserved, std::uint32_t>(in) != 0) {
    return bad_field("finding: the reserved bytes must be 0");
  }
  const Finding finding{
      .chunk = {take<FindingAt::kChunk, std::uint64_t>(in)},
      .attempt = take<FindingAt::kAttempt, std::uint32_t>(in),
      .status = static_cast<Finding::Status>(status),
      .call = static_cast<Finding::Call>(call),
      .system_errno = static_cast<std::int32_t>(take<FindingAt::kSystemErrno, std::uint32_t>(in)),
      .digest = take<FindingAt::kDigest, std::uint64_t>(in)};
  if (finding.system_errno < 0) return bad_field("finding: a negative errno");
  return finding;
}

const char* call_name(Finding::Call call) noexcept {
  switch (call) {
    case Finding::Call::none:
      return "";
    case Finding::Call::open:
      return "open";
    case Finding::Call::pread:
      return "pread";
  }
  return "";
}

Result<std::size_t> encode(const Extras& extras, std::span<std::byte> out) {
  Json json = {{"directory", extras.directory}, {"names", Json::array()}};
  for (const std::string& name : extras.names) json["names"].push_back(json_from_bytes(name));
  if (!extras.call.empty()) {
    json["call"] = json_from_bytes(extras.call);
    json["errno"] = extras.system_errno;
  }
  return put_json("extras", json, out);
}

Result<Extras> decode_extras(std::span<const std::byte> payload) {
  return take_json("extras", payload, [](Fields& fields, std::optional<Failure>&) {
    Extras extras;
    extras.directory = fields.integer<std::uint32_t>("directory", 0, kMaxU32);
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

#include "engine/wire/recall.hpp"

#include <utility>

#include "engine/wire/byte_order.hpp"
#include "engine/wire/json_message.hpp"
#include "engine/wire/refusal.hpp"

namespace mpiferry::wire {
namespace {

// Where the fields of the small records start; docs/protocol.md shows the same tables.
constexpr std::size_t kDirectoryAt = 0;
constexpr std::size_t kHoldingReservedAt = 4;
constexpr std::size_t kFirstAt = 0;
constexpr std::size_t kStrideAt = 8;
constexpr std::size_t kCountAt = 12;

constexpr std::size_t kChunkAt = 0;
constexpr std::size_t kAttemptAt = 8;
constexpr std::size_t kRequestDirectoryAt = 12;
constexpr std::size_t kRequestDigestAt = 16;
constexpr std::size_t kMovedAt = 24;
constexpr std::size_t kRequestReservedAt = 28;

constexpr std::size_t kStatusAt = 12;
constexpr std::size_t kCallAt = 14;
constexpr std::size_t kErrnoAt = 16;
constexpr std::size_t kFindingReservedAt = 20;
constexpr std::size_t kFindingDigestAt = 24;

Failure bad_field(const char* detail) { return refusal(Errc::bad_field, detail); }

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
               {"directory", json_from_bytes(recall.directory)},
               {"hosts", Json::array()},
               {"size", recall.size.value},
               {"chunk_size", recall.chunk_size.value},
               {"layout", layout_name(recall.layout)},
               {"window", recall.window},
               {"deliver", recall.deliver}};
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
    recall.directory = fields.bytes("directory");
    recall.hosts = read_hosts(fields, failure);
    recall.size.value = fields.integer<std::uint64_t>("size", 0, kMaxFileSize);
    recall.chunk_size.value = fields.integer<std::uint64_t>("chunk_size", 1, kMaxChunkSize.value);
    if (recall.size.value > kMaxChunks * recall.chunk_size.value) {
      fields.refuse("chunk_size", "makes too many chunks");
    }
    if (const auto layout = layout_from_name(fields.text("layout"))) {
      recall.layout = *layout;
    } else {
      fields.refuse("layout", "must be the name of a layout");
    }
    recall.window = fields.integer<std::uint32_t>("window", 1, kMaxWindow);
    recall.deliver = fields.boolean("deliver");
    if (const Json* faults = fields.optional_member("faults")) {
      recall.faults = read_faults(*faults, "recall: faults.", failure);
    }
    return recall;
  });
}

std::size_t encode(const Holding& holding, std::span<std::byte> out) noexcept {
  put<kDirectoryAt>(out.first<kHoldingHead>(), holding.directory);
  put<kHoldingReservedAt>(out.first<kHoldingHead>(), std::uint32_t{0});
  std::size_t at = kHoldingHead;
  for (const ChunkRun& run : holding.runs) {
    const auto to = out.subspan(at).first<kRunSize>();
    put<kFirstAt>(to, run.first);
    put<kStrideAt>(to, run.stride);
    put<kCountAt>(to, run.count);
    at += kRunSize;
  }
  return at;
}

Result<Holding> decode_holding(std::span<const std::byte> payload) {
  if (payload.size() < kHoldingHead || (payload.size() - kHoldingHead) % kRunSize != 0) {
    return bad_field("holding: a length that can not be");
  }
  if (take<kHoldingReservedAt, std::uint32_t>(payload.first<kHoldingHead>()) != 0) {
    return bad_field("holding: the reserved bytes must be 0");
  }
  Holding holding;
  holding.directory = take<kDirectoryAt, std::uint32_t>(payload.first<kHoldingHead>());
  for (payload = payload.subspan(kHoldingHead); !payload.empty();
       payload = payload.subspan(kRunSize)) {
    const auto in = payload.first<kRunSize>();
    const ChunkRun run{take<kFirstAt, std::uint64_t>(in), take<kStrideAt, std::uint32_t>(in),
                       take<kCountAt, std::uint32_t>(in)};
    if (run.stride == 0 || run.count == 0 || run.first >= kMaxChunks || run.last() >= kMaxChunks) {
      return bad_field("holding: a run of chunks that can not be");
    }
    holding.runs.push_back(run);
  }
  return holding;
}

void encode(const Request& request, std::span<std::byte, kRequestSize> out) noexcept {
  put<kChunkAt>(out, request.chunk.value);
  put<kAttemptAt>(out, request.attempt);
  put<kRequestDirectoryAt>(out, request.directory);
  put<kRequestDigestAt>(out, request.digest);
  put<kMovedAt>(out, static_cast<std::uint32_t>(request.moved));
  put<kRequestReservedAt>(out, std::uint32_t{0});
}

Result<Request> decode_request(std::span<const std::byte, kRequestSize> in) {
  const auto moved = take<kMovedAt, std::uint32_t>(in);
  if (moved > 1 || take<kRequestReservedAt, std::uint32_t>(in) != 0) {
    return bad_field("request: a flag or reserved bytes that can not be");
  }
  return Request{.chunk = {take<kChunkAt, std::uint64_t>(in)},
                 .attempt = take<kAttemptAt, std::uint32_t>(in),
                 .directory = take<kRequestDirectoryAt, std::uint32_t>(in),
                 .digest = take<kRequestDigestAt, std::uint64_t>(in),
                 .moved = moved == 1};
}

void encode(const Finding& finding, std::span<std::byte, kFindingSize> out) noexcept {
  put<kChunkAt>(out, finding.chunk.value);
  put<kAttemptAt>(out, finding.attempt);
  put<kStatusAt>(out, static_cast<std::uint16_t>(finding.status));
  put<kCallAt>(out, static_cast<std::uint16_t>(finding.call));
  put<kErrnoAt>(out, static_cast<std::uint32_t>(finding.system_errno));
  put<kFindingReservedAt>(out, std::uint32_t{0});
  put<kFindingDigestAt>(out, finding.digest);
}

Result<Finding> decode_finding(std::span<const std::byte, kFindingSize> in) {
  const auto status = take<kStatusAt, std::uint16_t>(in);
  const auto call = take<kCallAt, std::uint16_t>(in);
  if (status > static_cast<std::uint16_t>(Finding::Status::unreadable)) {
    return bad_field("finding: an unknown status");
  }
  if (call > static_cast<std::uint16_t>(Finding::Call::pread)) {
    return bad_field("finding: an unknown call");
  }
  if (take<kFindingReservedAt, std::uint32_t>(in) != 0) {
    return bad_field("finding: the reserved bytes must be 0");
  }
  const Finding finding{
      .chunk = {take<kChunkAt, std::uint64_t>(in)},
      .attempt = take<kAttemptAt, std::uint32_t>(in),
      .status = static_cast<Finding::Status>(status),
      .call = static_cast<Finding::Call>(call),
      .system_errno = static_cast<std::int32_t>(take<kErrnoAt, std::uint32_t>(in)),
      .digest = take<kFindingDigestAt, std::uint64_t>(in)};
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
    return extras;
  });
}

}  // namespace mpiferry::wire

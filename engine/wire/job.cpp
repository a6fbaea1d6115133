#include "engine/wire/job.hpp"

#include <utility>

#include "engine/wire/digest.hpp"
#include "engine/wire/json_message.hpp"

namespace mpiferry::wire {
namespace {

Json json_from(const Ready::Capacity& capacity) {
  Json json = {{"needed", capacity.needed.value},
               {"files", capacity.files},
               {"file_system", json_from_bytes(capacity.file_system)}};
  if (capacity.available) json["available"] = capacity.available->value;
  if (capacity.inodes) json["inodes"] = *capacity.inodes;
  if (capacity.freed > 0_B) json["freed"] = capacity.freed.value;
  if (capacity.freed_files > 0) json["freed_files"] = capacity.freed_files;
  return json;
}

Ready::Capacity read_capacity(const Json& json, std::optional<Failure>& failure) {
  Fields fields{json, "ready: capacity.", failure};
  Ready::Capacity capacity;
  capacity.needed.value = fields.integer<std::uint64_t>("needed", 0, kMaxFileSize);
  capacity.files = fields.integer<std::uint64_t>("files", 0, kMaxChunks);
  capacity.file_system = fields.bytes("file_system");
  if (fields.optional_member("available") != nullptr) {
    capacity.available = Bytes{fields.integer<std::uint64_t>("available", 0, kMaxU64)};
  }
  if (fields.optional_member("inodes") != nullptr) {
    capacity.inodes = fields.integer<std::uint64_t>("inodes", 0, kMaxU64);
  }
  if (fields.optional_member("freed") != nullptr) {
    capacity.freed.value = fields.integer<std::uint64_t>("freed", 0, kMaxFileSize);
  }
  if (fields.optional_member("freed_files") != nullptr) {
    capacity.freed_files = fields.integer<std::uint64_t>("freed_files", 0, kMaxFileSize);
  }
  return capacity;
}

Json json_from(const JobSource& source) {
  Json json = {{"id", json_from_bytes(source.id)},
               {"shared_id", json_from_bytes(source.shared_id)},
               {"size", nullptr}};
  if (source.size) json["size"] = source.size->value;
  if (source.attributes) json["attributes"] = json_from(*source.attributes);
  if (source.data) json["data"] = source.data->value;
  return json;
}

JobSource read_source(const Json& json, std::optional<Failure>& failure) {
  Fields fields{json, "job: source.", failure};
  JobSource source;
  source.id = fields.bytes("id");
  source.shared_id = fields.bytes("shared_id");
  if (const Json* size = fields.member("size"); size != nullptr && !size->is_null()) {
    source.size = Bytes{fields.integer<std::uint64_t>("size", 0, kMaxFileSize)};
  }
  if (const Json* attributes = fields.optional_member("attributes")) {
    source.attributes = read_attributes(*attributes, "job: source.attributes.", failure);
  }
  if (fields.optional_member("data") != nullptr) {
    source.data = Bytes{fields.integer<std::uint64_t>("data", 0, kMaxFileSize)};
  }
  return source;
}

Json json_from(const Failure& failure) {
  return {{"code", error_name(failure.code)},          {"rank", failure.rank.value},
          {"host", json_from_bytes(failure.host)},     {"path", json_from_bytes(failure.path)},
          {"call", json_from_bytes(failure.call)},     {"errno", failure.system_errno},
          {"detail", json_from_bytes(failure.detail)}, {"hint", json_from_bytes(failure.hint)}};
}

Failure read_failure(const Json& json, const std::string& place, std::optional<Failure>& refused) {
  Fields fields{json, place, refused};
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
  return failure;
}

}  // namespace

Result<std::size_t> encode(const Job& job, std::span<std::byte> out) {
  Json json = {{"master", json_from(job.master)},
               {"source", json_from(job.source)},
               {"destination", json_from_bytes(job.destination)},
               {"job_lock", json_from_bytes(job.job_lock)},
               {"chunk_size", job.chunk_size.value},
               {"layout", layout_name(job.layout)},
               {"window", job.window},
               {"workers", job.workers},
               {"preserve", job.preserve},
               {"fsync", job.fsync},
               {"direct", job.direct},
               {"force", job.force},
               {"resume", job.resume},
               {"reroute", job.reroute},
               {"discard", job.discard},
               {"stall_timeout_ms", job.stall_timeout.count()}};
  if (job.faults != Faults{}) json["faults"] = json_from(job.faults);
  return put_json("job", json, out);
}

Result<Job> decode_job(std::span<const std::byte> payload) {
  return take_json("job", payload, [](Fields& fields, std::optional<Failure>& failure) {
    Job job;
    job.master = read_master(fields, "job: ", failure);
    if (const Json* source = fields.member("source")) job.source = read_source(*source, failure);
    job.destination = fields.bytes("destination");
    job.job_lock = fields.bytes("job_lock");
    job.chunk_size.value = fields.integer<std::uint64_t>("chunk_size", 1, kMaxChunkSize.value);
    job.layout = read_layout(fields);
    // A worker allocates for each chunk and each receive: a broken number must not decide how much.
    if (job.source.size && job.source.size->value > kMaxChunks * job.chunk_size.value) {
      fields.refuse("source.size", "must be at most " + std::to_string(kMaxChunks) + " chunks");
    }
    job.window = fields.integer<std::uint32_t>("window", 1, kMaxWindow);
    job.workers = fields.integer<std::uint32_t>("workers", 1, kMaxWorkers);
    job.preserve = fields.boolean("preserve");
    job.fsync = fields.boolean("fsync");
    job.direct = fields.boolean("direct");
    job.force = fields.boolean("force");
    job.resume = fields.boolean("resume");
    job.reroute = fields.boolean("reroute");
    job.discard = fields.boolean("discard");
    job.stall_timeout = read_stall_timeout(fields);
    if (const Json* faults = fields.optional_member("faults")) {
      job.faults = read_faults(*faults, "job: faults.", failure);
    }
    return job;
  });
}

Result<std::size_t> encode(const Ready& ready, std::span<std::byte> out) {
  Json json = {{"host", json_from_bytes(ready.host)},
               {"machine", json_from_bytes(ready.machine)},
               {"directory", json_from_bytes(ready.directory)},
               {"directory_id", json_from_bytes(ready.directory_id)},
               {"shares_master_directory", ready.shares_master_directory}};
  if (ready.capacity != Ready::Capacity{}) json["capacity"] = json_from(ready.capacity);
  return put_json("ready", json, out);
}

Result<Ready> decode_ready(std::span<const std::byte> payload) {
  return take_json("ready", payload, [](Fields& fields, std::optional<Failure>& failure) {
    Ready ready;
    ready.host = fields.bytes("host");
    ready.machine = fields.bytes("machine");
    ready.directory = fields.bytes("directory");
    ready.directory_id = fields.bytes("directory_id");
    ready.shares_master_directory = fields.boolean("shares_master_directory");
    if (const Json* capacity = fields.optional_member("capacity"))
      ready.capacity = read_capacity(*capacity, failure);
    return ready;
  });
}

Result<std::size_t> encode(const End& end, std::span<std::byte> out) {
  const Json json = {{"verdict", error_name(end.verdict)},
                     {"chunks", end.chunks},
                     {"sums_file", json_from_bytes(end.sums_file)}};
  return put_json("end", json, out);
}

Result<End> decode_end(std::span<const std::byte> payload) {
  return take_json("end", payload, [](Fields& fields, std::optional<Failure>&) {
    End end;
    end.verdict = fields.error("verdict");
    end.chunks = fields.integer<std::uint64_t>("chunks", 0, kMaxU64);
    end.sums_file = fields.bytes("sums_file");
    return end;
  });
}

Result<std::size_t> encode(const Closed& closed, std::span<std::byte> out) {
  Json json = {{"chunks_written", closed.chunks_written},
               {"bytes_written", closed.bytes_written.value},
               {"chunks_corrupt", closed.chunks_corrupt},
               {"ack_messages", closed.ack_messages}};
  if (closed.stripe_digest) json["stripe_digest"] = to_hex(*closed.stripe_digest);
  if (closed.failure) json["failure"] = json_from(*closed.failure);
  return put_json("closed", json, out);
}

Result<Closed> decode_closed(std::span<const std::byte> payload) {
  return take_json("closed", payload, [](Fields& fields, std::optional<Failure>& refused) {
    Closed closed;
    closed.chunks_written = fields.integer<std::uint64_t>("chunks_written", 0, kMaxU64);
    closed.bytes_written.value = fields.integer<std::uint64_t>("bytes_written", 0, kMaxU64);
    closed.chunks_corrupt = fields.integer<std::uint64_t>("chunks_corrupt", 0, kMaxU64);
    closed.ack_messages = fields.integer<std::uint64_t>("ack_messages", 0, kMaxU64);
    if (fields.optional_member("stripe_digest") != nullptr) {
      const auto digest = digest_from_hex(fields.text("stripe_digest"));
      if (!digest) fields.refuse("stripe_digest", "must be 16 hexadecimal digits");
      if (digest) closed.stripe_digest = *digest;
    }
    if (const Json* failure = fields.optional_member("failure")) {
      closed.failure = read_failure(*failure, "closed: failure.", refused);
    }
    return closed;
  });
}

Result<std::size_t> encode(const Over& over, std::span<std::byte> out) {
  return put_json("over", {{"verdict", error_name(over.verdict)}}, out);
}

Result<Over> decode_over(std::span<const std::byte> payload) {
  return take_json("over", payload, [](Fields& fields, std::optional<Failure>&) {
    return Over{.verdict = fields.error("verdict")};
  });
}

Result<std::size_t> encode(const Failure& failure, std::span<std::byte> out) {
  return put_json("failure", json_from(failure), out);
}

Failure decode_failure(std::span<const std::byte> payload) {
  std::optional<Failure> refused;
  Failure failure = read_failure(parse(payload), "failure: ", refused);
  return refused ? *std::move(refused) : failure;
}

}  // namespace mpiferry::wire

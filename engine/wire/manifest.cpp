#include "engine/wire/manifest.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

#include "engine/wire/json_message.hpp"
#include "engine/wire/json_text.hpp"
#include "engine/wire/manifest_document.hpp"
#include "engine/wire/refusal.hpp"
#include "engine/wire/round_robin.hpp"

namespace mpiferry::wire {
namespace {

// What this version writes and, because the digests mean nothing under another rule, the only
// values that it reads.
constexpr std::string_view kDigestAlgorithm = "XXH128";
constexpr std::string_view kChunkDigestAlgorithm = "XXH3-64";

constexpr std::size_t kPiece = std::size_t{64} << 10U;  // enough for a write, small in memory

std::uint64_t count_chunks(Bytes size, Bytes chunk_size) noexcept {
  return size.value / chunk_size.value + (size.value % chunk_size.value != 0 ? 1 : 0);
}

// Text on its way to the sink.
class Pieces {
 public:
  explicit Pieces(const std::function<Outcome(std::string_view)>& sink) : sink_(sink) {
    buffer_.reserve(2 * kPiece);
  }

  // After the sink's first failure nothing more reaches it.
  void add(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= kPiece) flush();
  }

  bool failed() const noexcept { return !outcome_; }

  Outcome finish() {
    if (!buffer_.empty()) flush();
    return std::move(outcome_);
  }

 private:
  void flush() {
    if (outcome_) outcome_ = sink_(buffer_);
    buffer_.clear();
  }

  const std::function<Outcome(std::string_view)>& sink_;
  std::string buffer_;
  Outcome outcome_ = Nothing{};
};

Failure no_json(std::string_view text, std::size_t at) {
  std::string detail = "manifest: no JSON: ";
  if (text.empty()) {
    detail += "it is empty";
  } else if (at > text.size()) {
    detail += "it ends too early, after " + std::to_string(text.size()) + " bytes";
  } else {
    detail += "byte " + std::to_string(at) + " cannot be there, in line " +
              std::to_string(1 + std::ranges::count(text.substr(0, at - 1), '\n'));
  }
  return bad_field(std::move(detail));
}

void expect(Fields& fields, const char* name, std::string_view value) {
  if (fields.text(name) != value) fields.refuse(name, "must be \"" + std::string{value} + '"');
}

std::vector<Manifest::Worker> read_workers(Fields& fields, std::optional<Failure>& failure) {
  std::vector<Manifest::Worker> workers;
  const Json* array = fields.member("workers");
  if (array == nullptr) return workers;
  if (!array->is_array() || array->empty()) {
    fields.refuse("workers", "must be an array of at least one worker");
    return workers;
  }
  for (const Json& json : *array) {
    Fields worker{json, "manifest: workers[" + std::to_string(workers.size()) + "]: ", failure};
    const int rank = worker.integer<int>("rank", 1, std::numeric_limits<int>::max());
    std::string host = worker.bytes("host");
    if (static_cast<std::size_t>(rank) != workers.size() + 1) {
      worker.refuse("rank", "must be " + std::to_string(workers.size() + 1));
    }
    if (!is_host_name(host)) worker.refuse("host", "must be a name without a slash");
    workers.push_back({Rank{rank}, std::move(host), worker.bytes("directory")});
    if (failure) break;
  }
  return workers;
}

std::vector<Manifest::Moved> read_moved(Fields& fields, std::size_t workers, std::uint64_t chunks) {
  std::vector<Manifest::Moved> moved;
  const Json* array = fields.member("moved");
  if (array == nullptr) return moved;
  for (const Json& pair : *array) {
    const bool numbers = pair.is_array() && pair.size() == 2 && pair[0].is_number_unsigned() &&
                         pair[1].is_number_unsigned();
    const auto chunk = numbers ? pair[0].get<std::uint64_t>() : chunks;
    const auto rank = numbers ? pair[1].get<std::uint64_t>() : 0;
    if (chunk >= chunks || rank < 1 || rank > workers ||
        std::cmp_equal(rank, round_robin_worker({chunk}, workers).value) ||
        (!moved.empty() && chunk <= moved.back().chunk.value)) {
      fields.refuse("moved",
                    "must be pairs [chunk, rank] of another worker than the chunk's, by chunk");
      break;
    }
    moved.push_back({ChunkIndex{chunk}, Rank{static_cast<int>(rank)}});
  }
  if (!array->is_array()) fields.refuse("moved", "must be an array");
  return moved;
}

}  // namespace

Rank Manifest::holder_of(ChunkIndex chunk) const noexcept {
  const auto found = std::ranges::lower_bound(moved, chunk, {}, &Moved::chunk);
  if (found != moved.end() && found->chunk == chunk) return found->rank;
  return round_robin_worker(chunk, workers.size());
}

bool Manifest::is_moved(ChunkIndex chunk) const noexcept {
  return std::ranges::binary_search(moved, chunk, {}, &Moved::chunk);
}

Outcome write_manifest(const Manifest& manifest,
                       const std::function<Outcome(std::string_view)>& sink) {
  Pieces pieces{sink};
  const auto add_field = [&pieces](std::string_view name, const Json& value) {
    pieces.add("  \"");
    pieces.add(name);
    pieces.add("\": ");
    pieces.add(value.dump());
    pieces.add(",\n");
  };
  pieces.add("{\n");
  add_field("schema", kManifestSchema);
  add_field("source", json_from_bytes(manifest.source));
  add_field("size", manifest.size.value);
  if (manifest.data) add_field("data", manifest.data->value);
  if (manifest.attributes) add_field("attributes", json_from(*manifest.attributes));
  add_field("digest_algorithm", kDigestAlgorithm);
  add_field("digest", to_hex(manifest.digest));
  add_field("layout", layout_name(manifest.layout));
  add_field("chunk_size", manifest.chunk_size.value);
  add_field("chunks", manifest.chunk_digests.size());
  add_field("file_names", file_pattern(files_of(manifest.layout)));
  add_field("chunk_digest_algorithm", kChunkDigestAlgorithm);

  // A worker a line.
  std::string_view separator = "\n    ";
  pieces.add("  \"workers\": [");
  for (const Manifest::Worker& worker : manifest.workers) {
    pieces.add(std::exchange(separator, ",\n    "));
    pieces.add("{\"rank\": " + std::to_string(worker.rank.value));
    pieces.add(", \"host\": " + json_from_bytes(worker.host).dump());
    pieces.add(", \"directory\": " + json_from_bytes(worker.directory).dump() + '}');
    if (pieces.failed()) break;
  }

  separator = "";
  pieces.add("\n  ],\n  \"moved\": [");
  for (const Manifest::Moved& moved : manifest.moved) {
    pieces.add(std::exchange(separator, ", "));
    pieces.add(Json{moved.chunk.value, moved.rank.value}.dump());
    if (pieces.failed()) break;
  }

  // A digest a line, so that diff shows which chunks differ.
  separator = "\n    \"";
  pieces.add("],\n  \"chunk_digests\": [");
  for (const std::uint64_t digest : manifest.chunk_digests) {
    pieces.add(std::exchange(separator, ",\n    \""));
    pieces.add(to_hex(digest));
    pieces.add("\"");
    if (pieces.failed()) break;
  }
  pieces.add(manifest.chunk_digests.empty() ? "]\n}\n" : "\n  ]\n}\n");
  return pieces.finish();
}

Result<Manifest> read_manifest(std::string_view text) {
  ManifestDocument document;
  Json::sax_parse(text, &document);
  if (const auto at = document.no_json_at()) return no_json(text, *at);

  std::optional<Failure> failure;
  Fields fields{document.json(), "manifest: ", failure};
  expect(fields, "schema", kManifestSchema);
  expect(fields, "digest_algorithm", kDigestAlgorithm);
  expect(fields, "chunk_digest_algorithm", kChunkDigestAlgorithm);

  Manifest manifest;
  if (const auto layout = layout_from_name(fields.text("layout"))) {
    manifest.layout = *layout;
  } else {
    fields.refuse("layout", "must be " + layout_choices());
  }
  expect(fields, "file_names", file_pattern(files_of(manifest.layout)));
  manifest.source = fields.bytes("source");
  manifest.size.value = fields.integer<std::uint64_t>("size", 0, kMaxFileSize);
  manifest.chunk_size.value = fields.integer<std::uint64_t>("chunk_size", 1, kMaxChunkSize.value);
  if (fields.optional_member("data") != nullptr) {
    manifest.data = Bytes{fields.integer<std::uint64_t>("data", 0, manifest.size.value)};
  }
  if (const Json* attributes = fields.optional_member("attributes")) {
    manifest.attributes = read_attributes(*attributes, "manifest: attributes.", failure);
  }
  const auto digest = digest128_from_hex(fields.text("digest"));
  if (digest) {
    manifest.digest = *digest;
  } else {
    fields.refuse("digest", "must be 32 hexadecimal digits");
  }
  manifest.workers = read_workers(fields, failure);

  // Even after a failure chunk_size is in range, so the division is safe.
  const std::uint64_t chunks = count_chunks(manifest.size, manifest.chunk_size);
  if (fields.integer<std::uint64_t>("chunks", 0, kMaxChunks) != chunks) {
    fields.refuse("chunks", "must be ceil(size / chunk_size), " + std::to_string(chunks));
  }
  manifest.moved = read_moved(fields, manifest.workers.size(), chunks);
  if (const Json* array = fields.member("chunk_digests")) {
    if (!array->is_array() || !array->empty()) {
      fields.refuse("chunk_digests", "must be an array of strings of 16 hexadecimal digits");
    } else if (document.digests().size() != chunks) {
      fields.refuse("chunk_digests", "must be " + std::to_string(chunks) + " digests, not " +
                                         std::to_string(document.digests().size()));
    }
  }
  if (failure) return *std::move(failure);
  manifest.chunk_digests = std::move(document.digests());
  return manifest;
}

}  // namespace mpiferry::wire

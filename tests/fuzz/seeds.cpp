// fuzz_seeds DIRECTORY: writes real messages, as the encoders make them, below DIRECTORY/NAME. The
// committed corpora grew from them (docs/internals/fuzzing.md).
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "engine/wire/ack.hpp"
#include "engine/wire/header.hpp"
#include "engine/wire/held_chunks_message.hpp"
#include "engine/wire/job.hpp"
#include "engine/wire/manifest.hpp"
#include "engine/wire/retrieval.hpp"

namespace mpiferry::wire {
namespace {

namespace fs = std::filesystem;

class Seeds {
 public:
  explicit Seeds(fs::path root) : root_(std::move(root)) {}

  // True if every seed was written.
  bool good() const { return good_; }

  void add(const char* target, std::string_view text) {
    fs::create_directories(root_ / target);
    std::ofstream file{root_ / target / ("seed_" + std::to_string(count_++)), std::ios::binary};
    file << text << std::flush;
    good_ = good_ && file.good();
  }
  void add(const char* target, std::string_view first, std::span<const std::byte> bytes) {
    std::string text{first};
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    add(target, text);
  }

 private:
  fs::path root_;
  int count_ = 0;
  bool good_ = true;
};

const std::string kAnyBytes{"out/\xff\xc0\x80\0\n\"\\{rank}", 16};

void add_headers(Seeds& seeds) {
  std::size_t length = 0;
  for (const Kind kind : {Kind::job, Kind::chunk, Kind::end, Kind::retrieval, Kind::read_requests,
                          Kind::ready, Kind::acks, Kind::failed, Kind::closed, Kind::seen_chunks,
                          Kind::read_replies, Kind::extra_files, Kind::held_chunks, Kind::busy,
                          Kind::alive, Kind::over, Kind::capacity, Kind::clear}) {
    std::vector<std::byte> message(kHeaderSize + length, std::byte{'x'});
    const std::span<std::byte> payload = std::span{message}.subspan(kHeaderSize);
    const Header header{.kind = kind,
                        .job_id = 0x5eed,
                        .chunk = {7},
                        .offset = {700},
                        .length = {length},
                        .attempt = 1,
                        .payload_digest = chunk_digest(payload)};
    encode(header, std::span{message}.first<kHeaderSize>());
    seeds.add("header", std::string_view{"\0\1\2", 3}.substr(length % 3, 1), message);
    length += 5;
  }
}

// As many records as there are, in one message.
template <std::size_t size, class Record>
void add_records(Seeds& seeds, std::string_view first, const std::vector<Record>& records) {
  std::vector<std::byte> message(size * records.size());
  std::span<std::byte> out{message};
  for (const Record& record : records) {
    encode(record, out.first<size>());
    out = out.subspan(size);
  }
  seeds.add("records", first, message);
}

void add_records(Seeds& seeds) {
  const Ack written{.chunk = {~std::uint64_t{0}}, .attempt = 3};
  Ack corrupt = written;
  corrupt.status = AckStatus::corrupt;
  Ack failed = written;
  failed.status = AckStatus::write_failed;
  failed.call = WriteCall::sync;
  failed.system_errno = ENOSPC;
  add_records<kAckSize>(seeds, "0", std::vector{written});
  add_records<kAckSize>(seeds, "0", std::vector{written, corrupt, failed});

  const ReadRequest request{
      .chunk = {7}, .attempt = 1, .directory = 3, .digest = 0x9555e8555c62dcfd, .moved = false};
  ReadRequest moved = request;
  moved.moved = true;
  add_records<kReadRequestSize>(seeds, "1", std::vector{request, moved});

  const ReadReply whole{.chunk = {7}, .attempt = 1, .digest = 0x9555e8555c62dcfd};
  ReadReply missing = whole;
  missing.status = ReadReply::Status::missing;
  missing.call = ReadReply::Call::open;
  missing.system_errno = ENOENT;
  ReadReply unreadable = missing;
  unreadable.status = ReadReply::Status::unreadable;
  unreadable.call = ReadReply::Call::pread;
  unreadable.system_errno = EIO;
  ReadReply wrong_length = whole;
  wrong_length.status = ReadReply::Status::wrong_length;
  wrong_length.length = 9_B;
  add_records<kReadReplySize>(seeds, "2", std::vector{whole, missing, unreadable, wrong_length});

  for (const SeenChunks& seen : {SeenChunks{}, SeenChunks{1, {{0, 4, 100}}},
                                 SeenChunks{2, {{3, 1, 1}, {4, 5, 20}, {299, 1, 1}}}}) {
    std::vector<std::byte> bytes(kSeenChunksHead + kRunSize * seen.runs.size());
    bytes.resize(encode(seen, bytes));
    seeds.add("records", "3", bytes);
  }
  seeds.add("records", std::string{"4\3\3\3\3\0\0\1\xff\0\7\7\7", 13});

  for (const HeldChunksMessage& held_chunks :
       {HeldChunksMessage{}, HeldChunksMessage{0, kAllLookedAt, {{{7}, 0x9555e8555c62dcfd}}},
        HeldChunksMessage{64, 128, {{{129}, 1}, {{131}, 2}}}}) {
    std::vector<std::byte> bytes(kHeldChunksHead + kHeldSize * held_chunks.held.size());
    bytes.resize(encode(held_chunks, bytes));
    seeds.add("records", "5", bytes);
  }
}

template <class Message>
void add_control(Seeds& seeds, std::string_view first, const Message& message) {
  std::vector<std::byte> out(kControlPayload.value);
  const auto size = encode(message, out);
  out.resize(size ? *size : 0);
  seeds.add("control", first, out);
}

void add_control(Seeds& seeds) {
  Job job;
  job.destination = "out/{rank}";
  job.job_lock = "4f686686a1b2c3d4";
  job.master.machine = "7c1f";
  job.source.id = "66305:17";
  job.source.shared_id = "17:65536:1.5";
  job.chunk_size = 1_MiB;
  job.window = 8;
  job.workers = 4;
  add_control(seeds, "0", job);
  job.destination = kAnyBytes;
  job.source.size = 5_GiB;
  job.faults = {.corrupt_every = 3, .stall_rank = Rank{2}, .stall_after = 10};
  job.layout = Layout::stripes;
  add_control(seeds, "0", job);
  job.layout = Layout::file;
  job.fsync = true;
  job.direct = true;
  add_control(seeds, "0", job);
  add_control(seeds, "1",
              Ready{.host = "node7",
                    .machine = "7c1f",
                    .directory = kAnyBytes,
                    .directory_id = "66305:42",
                    .shares_master_directory = true});
  add_control(seeds, "2", End{Errc::chunk_corrupt, 7, "data.xxh3"});
  add_control(seeds, "3", Closed{1, Bytes{~std::uint64_t{0}}, 3, 4});
  add_control(seeds, "3", Closed{1, 2_B, 3, 4, 0x9555e8555c62dcfd});
  Closed failed;
  failed.failure = Failure{.code = Errc::dest_write_failed, .rank = Rank{2}};
  add_control(seeds, "3", failed);
  add_control(seeds, "4",
              Failure{.code = Errc::dest_write_failed,
                      .rank = Rank{2},
                      .host = "node7",
                      .path = kAnyBytes,
                      .call = "pwrite",
                      .system_errno = ENOSPC,
                      .detail = "gr\xc3\xbc\xc3\x9f",
                      .hint = "free some space"});
  seeds.add("control", "5" + kAnyBytes);
  RetrievalJob retrieval;
  retrieval.directory = "out/{host}/{rank}";
  retrieval.hosts = {{"node1", 4}, {"\xff", 1}};
  retrieval.size = 5_GiB;
  retrieval.chunk_size = 1_MiB;
  retrieval.window = 8;
  for (const Layout layout : {Layout::chunks, Layout::stripes, Layout::file}) {
    retrieval.layout = layout;
    retrieval.deliver = layout != Layout::chunks;
    if (layout == Layout::file) retrieval.faults = job.faults;
    add_control(seeds, "6", retrieval);
  }
  add_control(seeds, "7", ExtraFiles{});
  add_control(seeds, "7", ExtraFiles{3, {"chunk_9.bin", "stripe_\xff.bin"}, "", 0});
  add_control(seeds, "7", ExtraFiles{3, {}, "readdir", 5});
  // Each is what UTF-8 just does not allow: too long a form, a surrogate, beyond the last.
  for (const char* beyond :
       {"\xc0\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80"}) {
    seeds.add("control", std::string{"5"} + beyond);
  }
}

void add_manifest(Seeds& seeds, const Manifest& manifest) {
  std::string text;
  const Outcome written = write_manifest(manifest, [&text](std::string_view piece) -> Outcome {
    text += piece;
    return Nothing{};
  });
  if (written) seeds.add("manifest", text);
}

void add_manifests(Seeds& seeds) {
  Manifest manifest;
  manifest.source = "data.bin";
  manifest.chunk_size = 1000_B;
  manifest.digest = {0xe3503d8de40743b7, 0x269eb834f6c110a9};
  manifest.workers = {{Rank{1}, "node1", "/out"}, {Rank{2}, "node2", kAnyBytes}};
  for (const Layout layout : {Layout::chunks, Layout::stripes, Layout::file}) {
    manifest.layout = layout;
    for (const std::uint64_t chunks : {0U, 1U, 3U}) {
      manifest.size = Bytes{chunks * 1000};
      manifest.chunk_digests.assign(chunks, 0x9555e8555c62dcfd);
      manifest.moved.clear();
      add_manifest(seeds, manifest);
    }
    manifest.moved = {{ChunkIndex{1}, Rank{1}}, {ChunkIndex{2}, Rank{2}}};
    add_manifest(seeds, manifest);
  }
}

// These are decisions, not messages: some of each to start from. The fuzzer finds the rest.
void add_games(Seeds& seeds) {
  for (char side = 0; side < 8; ++side) {  // each game, with and without what may be added to it
    std::string text{side};
    for (int i = 0; i < 60; ++i) text += static_cast<char>(i * 37 + side);
    seeds.add("flow", text);
    if (side < 3) seeds.add("fetch", text);
  }
}

}  // namespace
}  // namespace mpiferry::wire

int main(int argc, char** argv) {
  using namespace mpiferry::wire;
  if (argc != 2) return 2;
  Seeds seeds{argv[1]};
  add_headers(seeds);
  add_records(seeds);
  add_control(seeds);
  add_manifests(seeds);
  add_games(seeds);
  return seeds.good() ? 0 : 1;
}

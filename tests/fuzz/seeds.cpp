// fuzz_seeds DIRECTORY: real messages, as the encoders make them, below DIRECTORY/NAME. From them
// grew the committed corpora (docs/fuzzing.md).
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
#include "engine/wire/job.hpp"
#include "engine/wire/manifest.hpp"

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
  for (const Kind kind :
       {Kind::job, Kind::chunk, Kind::end, Kind::ready, Kind::acks, Kind::failed, Kind::closed}) {
    for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{50}}) {
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
    }
  }
}

void add_acks(Seeds& seeds) {
  std::vector<std::byte> message;
  for (const AckStatus status : {AckStatus::written, AckStatus::corrupt, AckStatus::write_failed}) {
    Ack ack{.chunk = {~std::uint64_t{0}}, .attempt = 3, .status = status};
    if (status == AckStatus::write_failed) {
      ack.call = WriteCall::sync;
      ack.system_errno = ENOSPC;
    }
    std::byte bytes[kAckSize];
    encode(ack, bytes);
    message.insert(message.end(), std::begin(bytes), std::end(bytes));
    seeds.add("acks", {}, message);
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
  job.token = "4f686686a1b2c3d4";
  job.source_id = "node0 66305:17";
  job.chunk_size = 1_MiB;
  job.window = 8;
  job.workers = 4;
  add_control(seeds, "0", job);
  job.destination = kAnyBytes;
  job.source_size = 5_GiB;
  job.faults = {.corrupt_every = 3, .stall_rank = Rank{2}, .stall_after = 10};
  add_control(seeds, "0", job);
  add_control(seeds, "1", Ready{"node7", kAnyBytes, "66305:42", true});
  add_control(seeds, "2", End{Errc::chunk_corrupt, "data.xxh3"});
  add_control(seeds, "3", Closed{1, Bytes{~std::uint64_t{0}}, 3, 4});
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
  // Each is what UTF-8 just does not allow: too long a form, a surrogate, beyond the last.
  for (const char* beyond :
       {"\xc0\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80"}) {
    seeds.add("control", std::string{"5"} + beyond);
  }
}

void add_manifests(Seeds& seeds) {
  Manifest manifest;
  manifest.source = "data.bin";
  manifest.chunk_size = 1000_B;
  manifest.digest = {0xe3503d8de40743b7, 0x269eb834f6c110a9};
  manifest.workers = {{Rank{1}, "node1", "/out"}, {Rank{2}, "node2", kAnyBytes}};
  for (const std::uint64_t chunks : {0U, 1U, 3U}) {
    manifest.size = Bytes{chunks * 1000};
    manifest.chunk_digests.assign(chunks, 0x9555e8555c62dcfd);
    std::string text;
    const Outcome written = write_manifest(manifest, [&text](std::string_view piece) -> Outcome {
      text += piece;
      return Nothing{};
    });
    if (written) seeds.add("manifest", text);
  }
}

// Decisions, not messages: some of each to start from. The fuzzer finds the rest.
void add_games(Seeds& seeds) {
  for (const char side : {'\0', '\1'}) {
    std::string text{side};
    for (int i = 0; i < 60; ++i) text += static_cast<char>(i * 37 + side);
    seeds.add("flow", text);
  }
}

}  // namespace
}  // namespace mpiferry::wire

int main(int argc, char** argv) {
  using namespace mpiferry::wire;
  if (argc != 2) return 2;
  Seeds seeds{argv[1]};
  add_headers(seeds);
  add_acks(seeds);
  add_control(seeds);
  add_manifests(seeds);
  add_games(seeds);
  return seeds.good() ? 0 : 1;
}

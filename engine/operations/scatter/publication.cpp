#include "engine/operations/scatter/publication.hpp"

#include <cerrno>
#include <span>
#include <string>

#include "engine/base/path.hpp"
#include "engine/disk/destination_failure.hpp"
#include "engine/disk/file_name.hpp"
#include "engine/wire/ack.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry::operations {
namespace {

// Its owner can always read and replace it, and nobody executes it.
constexpr std::uint32_t kOwner = 0600;
constexpr std::uint32_t kText = 0666;

constexpr std::size_t kPiece = std::size_t{64} << 10U;

// A text file that appears whole or not at all.
class TextFile {
 public:
  TextFile(const disk::Directory& directory, std::string_view name, std::uint64_t job_id,
           TextOptions options)
      : directory_(directory),
        name_(name),
        durable_(options.durable),
        opened_(directory.open_partial(name, job_id, {.mode = kOwner | (options.mode & kText)})) {
    text_.reserve(kPiece + 4096);
  }

  Outcome append(std::string_view text) {
    text_ += text;
    return text_.size() < kPiece ? Outcome{Nothing{}} : flush();
  }

  Outcome publish() {
    if (Outcome flushed = flush(); !flushed) return flushed;
    if (const auto error = opened_.file.publish(durable_)) return failure(error);
    if (!durable_) return Nothing{};
    Outcome synced = directory_.sync();
    if (synced) return synced;
    // A manifest says that a job has succeeded, which now fails.
    static_cast<void>(directory_.remove(name_));
    static_cast<void>(directory_.sync());
    return synced;
  }

 private:
  Outcome flush() {
    if (opened_.error) return failure(opened_.error);
    const auto error = opened_.file.append(std::as_bytes(std::span{text_}));
    text_.clear();
    return error ? Outcome{failure(error)} : Outcome{Nothing{}};
  }
  Failure failure(const disk::WriteError& error) const {
    return write_failure(directory_.path(), name_, error.call, error.system_errno);
  }

  const disk::Directory& directory_;
  std::string_view name_;
  bool durable_;
  disk::OpenedPartialFile opened_;
  std::string text_;
};

}  // namespace

void list_sums(const wire::Manifest& manifest, const job::PeerTable& peers, const LineSink& put) {
  const auto here = [&peers](Rank worker) { return peers.shares_master_directory(worker); };
  const plan::Layout layout{manifest.layout};
  for (std::uint64_t i = 0; i < manifest.chunk_digests.size(); ++i) {
    const ChunkIndex chunk{i};
    if (layout.has_own_file(manifest.is_moved(chunk)) && layout.writes(chunk) &&
        here(manifest.holder_of(chunk))) {
      put(wire::sums_line(disk::ChunkName{chunk}.view(), manifest.chunk_digests[i]));
    }
  }
  for (std::uint32_t i = 1; i <= peers.size(); ++i) {
    const Rank worker{static_cast<int>(i)};
    const auto digest = peers.stripe_digest(worker);
    if (digest && here(worker)) put(wire::sums_line(disk::stripe_name(worker), *digest));
  }
  if (layout.makes_one_file()) put(wire::sums_line(disk::kSharedFileName, manifest.digest));
}

std::string written_name(plan::FileOf kind, ChunkIndex chunk, Rank worker) {
  const std::string name = disk::file_name(kind, chunk, worker);
  return kind == plan::FileOf::chunk ? name : disk::partial_name(name);
}

Failure write_failure(const std::string& directory, std::string_view name, wire::WriteCall call,
                      int system_errno) {
  Failure failure = disk::destination_failure(Errc::dest_write_failed, path_in(directory, name),
                                              wire::call_name(call), system_errno);
  if (call == wire::WriteCall::rename && system_errno == ENOENT) {
    failure.detail = "it was removed or replaced while the job ran";
    failure.hint = "let nothing else write there, and continue with `resume`";
  }
  return failure;
}

Outcome publish_sums(const disk::Directory& directory, std::string_view name, std::uint64_t job_id,
                     const Listing& listing, TextOptions options) {
  TextFile file{directory, name, job_id, options};
  Outcome outcome = Nothing{};
  listing([&](std::string_view line) {
    if (outcome) outcome = file.append(line);
  });
  return outcome ? file.publish() : outcome;
}

Outcome publish_manifest(const disk::Directory& directory, const wire::Manifest& manifest,
                         std::uint64_t job_id, TextOptions options) {
  TextFile file{directory, disk::kManifestName, job_id, options};
  Outcome outcome =
      wire::write_manifest(manifest, [&file](std::string_view text) { return file.append(text); });
  return outcome ? file.publish() : outcome;
}

}  // namespace mpiferry::operations

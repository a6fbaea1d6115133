#include "engine/roles/publication.hpp"

#include <cerrno>
#include <span>
#include <string>

#include "engine/base/path.hpp"
#include "engine/disk/destination_failure.hpp"
#include "engine/wire/ack.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry::roles {
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
    return durable_ ? directory_.sync() : Outcome{Nothing{}};
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

Failure write_failure(const std::string& directory, std::string_view name, wire::WriteCall call,
                      int system_errno) {
  Failure failure = disk::destination_failure(Errc::dest_write_failed, path_in(directory, name),
                                              wire::call_name(call), system_errno);
  if (call == wire::WriteCall::rename && system_errno == ENOENT) {
    failure.detail = "somebody has removed or replaced it meanwhile";
    failure.hint = "let nothing else write there, and go on with --resume";
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

}  // namespace mpiferry::roles

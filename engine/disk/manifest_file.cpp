#include "engine/disk/manifest_file.hpp"

#include <algorithm>
#include <cerrno>
#include <span>
#include <string>

#include "engine/disk/file_name.hpp"
#include "engine/disk/stored_file.hpp"

namespace mpiferry::disk {
namespace {

// A manifest of 2^28 chunks has 6 GiB.
constexpr Bytes kMaxManifest = 16_GiB;

// Up to the first piece that cannot be of a manifest: a large file that is none, holes among them,
// is not read to its end.
Result<std::string> read_text(const StoredFile& file) {
  constexpr std::size_t kPiece = (1_MiB).value;
  std::string text;
  while (text.size() < file.size().value) {
    const std::size_t before = text.size();
    text.resize(std::min<std::size_t>(before + kPiece, file.size().value));
    const std::span<char> piece = std::span{text}.subspan(before);
    const auto got = file.read(Bytes{before}, std::as_writable_bytes(piece));
    if (!got) return got.error();
    text.resize(before + *got);
    if (*got < piece.size() || text.front() != '{' || text.find('\0', before) != text.npos) break;
  }
  return text;
}

// What opening a link, a directory, or a socket says; 0: it was opened, and is no file.
bool is_no_file(int system_errno) {
  return system_errno == ELOOP || system_errno == EISDIR || system_errno == ENXIO ||
         system_errno == 0;
}

constexpr const char* kMoveAway =
    "no job has made that: move it away, and scatter again, with `resume` to keep what is there";

// Cut short, or full of zeros, it may be what a power cut has left of ours.
Result<bool> begins_like_ours(const StoredFile& file) {
  const std::string ours = "{\n  \"schema\": \"" + std::string{wire::kManifestFamily};
  std::string text(ours.size(), '\0');
  const auto got = file.read(0_B, std::as_writable_bytes(std::span{text}));
  if (!got) return got.error();
  return *got == 0 || text.front() == '\0' || ours.starts_with(text.substr(0, *got));
}

}  // namespace

Failure no_manifest(const Failure& why) {
  const bool absent = why.system_errno == ENOENT;
  return {.code = absent ? Errc::source_not_found : Errc::source_unreadable,
          .path = why.path,
          .call = why.call,
          .system_errno = why.system_errno,
          .detail = why.detail,
          .hint = absent ? "only a finished scatter leaves a manifest, in rank 0's directory (name "
                           "it as scatter was told, {rank} included); scatter `resume` finishes one"
                         : why.hint};
}

Result<wire::Manifest> read_manifest(const Directory& directory) {
  const auto file = StoredFile::open(directory, kManifestName);
  if (!file && is_no_file(file.error().system_errno)) {
    Failure strange = file.error();
    strange.code = Errc::manifest_damaged;
    strange.hint = kMoveAway;
    return strange;
  }
  if (!file) return no_manifest(file.error());
  Failure damaged{.code = Errc::manifest_damaged,
                  .path = file->path(),
                  .hint = "scatter again, with `resume` to keep what is there"};
  if (file->size() > kMaxManifest) {
    damaged.detail = std::to_string(file->size().value) + " bytes are too many for a manifest";
    return damaged;
  }
  const auto text = read_text(*file);
  if (!text) return no_manifest(text.error());
  auto manifest = wire::read_manifest(*text);
  if (manifest) return manifest;
  damaged.detail = manifest.error().detail;
  const auto ours = begins_like_ours(*file);
  if (!ours) return no_manifest(ours.error());
  if (!*ours) damaged.hint = kMoveAway;
  return damaged;
}

Result<bool> is_foreign_manifest(const Directory& directory) {
  const auto file = StoredFile::open(directory, kManifestName);
  if (!file) return !is_no_file(file.error().system_errno) && file.error().system_errno != ENOENT;
  const auto ours = begins_like_ours(*file);
  if (!ours || *ours) return ours ? Result<bool>{false} : ours;
  const auto manifest =
      read_manifest(directory);  // one that another program has written anew is ours
  if (manifest || manifest.error().code == Errc::manifest_damaged) return !manifest;
  return manifest.error();
}

}  // namespace mpiferry::disk

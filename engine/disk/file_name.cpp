#include "engine/disk/file_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <system_error>

namespace mpiferry::disk {
namespace {

// What stands before and behind the number in a name.
struct Form {
  std::string_view prefix;
  std::string_view suffix;
};

constexpr Form form_of(wire::FileOf kind) noexcept {
  const std::string_view pattern = wire::file_pattern(kind);
  const std::size_t open = pattern.find('{');
  if (open == std::string_view::npos) return {pattern, ""};
  return {pattern.substr(0, open), pattern.substr(pattern.find('}') + 1)};
}

constexpr Form kChunk = form_of(wire::FileOf::chunk);
constexpr Form kStripe = form_of(wire::FileOf::worker);

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
// ASCII, whatever the locale.
char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
bool is_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f'); }

bool remove_prefix(std::string_view& text, std::string_view prefix) noexcept {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool remove_suffix(std::string_view& text, std::string_view suffix) noexcept {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

struct Numbered {
  FileKind kind;
  Form form;
  bool partial = false;
};

constexpr auto kNumbered = std::to_array<Numbered>({
    {FileKind::chunk, kChunk},
    {FileKind::stripe, kStripe},
    {FileKind::partial_stripe, kStripe, true},
    {FileKind::sums, {"XXH3SUMS.", ""}},
});

// The <digits> of `name`, "" if it is not of this kind.
std::string_view digits_of(std::string_view name, const Numbered& kind) noexcept {
  if (kind.partial && !remove_suffix(name, kPartialSuffix)) return {};
  if (!remove_prefix(name, kind.form.prefix) || !remove_suffix(name, kind.form.suffix)) return {};
  return std::ranges::all_of(name, is_digit) ? name : std::string_view{};
}

// Nothing if mpiferry would not write it so.
std::optional<std::uint64_t> number_of(std::string_view digits) noexcept {
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return parsed.ec == std::errc{} ? std::optional{number} : std::nullopt;
}

bool has_job_id(std::string_view name) noexcept {
  constexpr std::size_t kJobId = 16;
  if (!remove_prefix(name, ".") || !remove_suffix(name, kPartialSuffix)) return false;
  return name.size() > kJobId + 1 && name[name.size() - kJobId - 1] == '.' &&
         std::ranges::all_of(name.substr(name.size() - kJobId), is_hex);
}

}  // namespace

ChunkName::ChunkName(ChunkIndex chunk) noexcept {
  char* position = std::ranges::copy(kChunk.prefix, text_).out;
  position = std::to_chars(position, std::end(text_), chunk.value).ptr;
  position = std::ranges::copy(kChunk.suffix, position).out;
  size_ = static_cast<std::size_t>(position - text_);
}

std::string stripe_name(Rank worker) {
  return std::string{kStripe.prefix} + std::to_string(worker.value).append(kStripe.suffix);
}

std::string file_name(wire::FileOf kind, ChunkIndex chunk, Rank worker) {
  switch (kind) {
    case wire::FileOf::chunk:
      return std::string{ChunkName{chunk}.view()};
    case wire::FileOf::worker:
      return stripe_name(worker);
    case wire::FileOf::all:
      return std::string{kSharedFileName};
  }
  return {};
}

std::string partial_name(std::string_view name) { return std::string{name}.append(kPartialSuffix); }

FileName read_file_name(std::string_view name) noexcept {
  for (const Numbered& kind : kNumbered) {
    const std::string_view digits = digits_of(name, kind);
    if (!digits.empty()) return {kind.kind, number_of(digits)};
  }
  const auto unnumbered = [&name]() noexcept {
    if (name == kSharedFileName) return FileKind::shared_file;
    if (name == kManifestName) return FileKind::manifest;
    if (name == kSumsName) return FileKind::sums;
    if (name == kJobLockName) return FileKind::job_lock;
    if (has_job_id(name)) return FileKind::partial;
    const bool partial = remove_suffix(name, kPartialSuffix) && name == kSharedFileName;
    return partial ? FileKind::partial_shared : FileKind::foreign;
  };
  return {unnumbered(), std::nullopt};
}

std::optional<wire::FileOf> file_of(FileKind kind) noexcept {
  switch (kind) {
    case FileKind::chunk:
      return wire::FileOf::chunk;
    case FileKind::stripe:
    case FileKind::partial_stripe:
      return wire::FileOf::worker;
    case FileKind::shared_file:
    case FileKind::partial_shared:
      return wire::FileOf::all;
    case FileKind::manifest:
    case FileKind::sums:
    case FileKind::partial:
    case FileKind::job_lock:
    case FileKind::foreign:
      return std::nullopt;
  }
  return std::nullopt;
}

std::string in_our_spelling(std::string_view name) {
  std::string ours{name};
  std::ranges::transform(ours, ours.begin(), to_lower);
  constexpr std::string_view kSums = "xxh3sums";
  if (ours.starts_with(kSums)) ours.replace(0, kSums.size(), kSumsName);
  return ours;
}

}  // namespace mpiferry::disk

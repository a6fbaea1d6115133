#include "engine/disk/stale_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace mpiferry::disk {
namespace {

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
  StaleFileKind kind;
  std::string_view prefix;
  std::string_view suffix;
};

constexpr auto kNumbered = std::to_array<Numbered>({
    {StaleFileKind::chunk, "chunk_", ".bin"},
    {StaleFileKind::stripe, "stripe_", ".bin"},
    {StaleFileKind::partial_stripe, "stripe_", ".bin.part"},
    {StaleFileKind::sums, "XXH3SUMS.", ""},
});

// The <digits> of `name`, "" if it is not of this kind.
std::string_view digits_of(std::string_view name, const Numbered& form) noexcept {
  if (!remove_prefix(name, form.prefix) || !remove_suffix(name, form.suffix)) return {};
  return std::ranges::all_of(name, is_digit) ? name : std::string_view{};
}

bool is_part(std::string_view name) noexcept {
  constexpr std::size_t kJobId = 16;
  if (!remove_prefix(name, ".") || !remove_suffix(name, ".part")) return false;
  return name.size() > kJobId + 1 && name[name.size() - kJobId - 1] == '.' &&
         std::ranges::all_of(name.substr(name.size() - kJobId), is_hex);
}

}  // namespace

StaleFileKind stale_file_kind(std::string_view name) noexcept {
  for (const Numbered& form : kNumbered) {
    if (!digits_of(name, form).empty()) return form.kind;
  }
  if (name == kFileName) return StaleFileKind::file;
  if (name == "file.bin.part") return StaleFileKind::partial_file;
  if (name == kManifestName) return StaleFileKind::manifest;
  if (name == kSumsName) return StaleFileKind::sums;
  if (is_part(name)) return StaleFileKind::partial;
  if (name == kJobLockName) return StaleFileKind::job_lock;
  return StaleFileKind::none;
}

std::string in_our_spelling(std::string_view name) {
  std::string ours{name};
  std::ranges::transform(ours, ours.begin(), to_lower);
  constexpr std::string_view kSums = "xxh3sums";
  if (ours.starts_with(kSums)) ours.replace(0, kSums.size(), kSumsName);
  return ours;
}

std::optional<std::uint64_t> stale_file_number(std::string_view name) noexcept {
  for (const Numbered& form : kNumbered) {
    const std::string_view digits = digits_of(name, form);
    if (digits.empty()) continue;
    if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (parsed.ec != std::errc{}) return std::nullopt;
    return number;
  }
  return std::nullopt;
}

}  // namespace mpiferry::disk

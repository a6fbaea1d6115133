#include "engine/disk/leftover.hpp"

#include <algorithm>
#include <cstddef>

namespace mpiferry::disk {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
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

bool are_digits(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

bool is_chunk(std::string_view name) noexcept {
  return remove_prefix(name, "chunk_") && remove_suffix(name, ".bin") && are_digits(name);
}

bool is_sums(std::string_view name) noexcept {
  if (!remove_prefix(name, kSumsName)) return false;
  return name.empty() || (remove_prefix(name, ".") && are_digits(name));
}

bool is_part(std::string_view name) noexcept {
  constexpr std::size_t kJobId = 16;
  if (!remove_prefix(name, ".") || !remove_suffix(name, ".part")) return false;
  return name.size() > kJobId + 1 && name[name.size() - kJobId - 1] == '.' &&
         std::ranges::all_of(name.substr(name.size() - kJobId), is_hex);
}

}  // namespace

Leftover leftover_kind(std::string_view name) noexcept {
  if (is_chunk(name)) return Leftover::chunk;
  if (name == kManifestName) return Leftover::manifest;
  if (is_sums(name)) return Leftover::sums;
  if (is_part(name)) return Leftover::part;
  if (name == kTokenName) return Leftover::token;
  return Leftover::none;
}

}  // namespace mpiferry::disk

#include "engine/wire/json_text.hpp"

#include <cstddef>

#include "engine/base/hex.hpp"
#include "engine/wire/refusal.hpp"

namespace mpiferry::wire {
bool is_utf8(std::string_view bytes) noexcept {
  const auto at = [bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  for (std::size_t i = 0; i < bytes.size();) {
    const unsigned lead = at(i++);
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;
    const std::size_t tail = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (bytes.size() - i < tail) return false;
    // The second byte decides about overlong forms, surrogates and what lies above U+10FFFF.
    const unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at(i) < low || at(i) > high) return false;
    for (std::size_t k = 1; k < tail; ++k) {
      if ((at(i + k) & 0xc0U) != 0x80) return false;
    }
    i += tail;
  }
  return true;
}

bool is_host_name(std::string_view host) noexcept {
  return !host.empty() && host != "." && host != ".." &&
         host.find_first_of(std::string_view{"/\0", 2}) == std::string_view::npos;
}

Json json_from_bytes(std::string_view bytes) {
  if (is_utf8(bytes)) return bytes;
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kHexDigits[byte >> 4U];
    hex += kHexDigits[byte & 0xfU];
  }
  Json json = Json::object();
  json["hex"] = std::move(hex);
  return json;
}

std::optional<std::string> bytes_from_json(const Json& json) {
  if (const auto* text = json.get_ptr<const std::string*>()) return *text;
  if (!json.is_object() || json.size() != 1) return std::nullopt;
  const auto found = json.find("hex");
  if (found == json.end()) return std::nullopt;
  const auto* hex = found->get_ptr<const std::string*>();
  if (hex == nullptr || hex->size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(hex->size() / 2);
  for (std::size_t i = 0; i < hex->size(); i += 2) {
    const int high = hex_value((*hex)[i]);
    const int low = hex_value((*hex)[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

const Json* Fields::optional_member(const char* name) const {
  const auto found = object_.find(name);  // end() as well if it is not an object
  return found != object_.end() ? &*found : nullptr;
}

const Json* Fields::member(const char* name) {
  const Json* json = optional_member(name);
  if (json == nullptr) refuse(name, "is missing");
  return json;
}

std::string Fields::bytes(const char* name) {
  if (const Json* json = member(name)) {
    if (auto bytes = bytes_from_json(*json)) return *std::move(bytes);
    refuse(name, "must be a string or {\"hex\": \"...\"}");
  }
  return {};
}

std::string Fields::text(const char* name) {
  if (const Json* json = member(name)) {
    if (const auto* text = json->get_ptr<const std::string*>()) return *text;
    refuse(name, "must be a string");
  }
  return {};
}

bool Fields::boolean(const char* name) {
  if (const Json* json = member(name)) {
    if (json->is_boolean()) return json->get<bool>();
    refuse(name, "must be true or false");
  }
  return false;
}

Errc Fields::error(const char* name) {
  const std::string text = this->text(name);
  const Errc code = error_from_name(text);
  // An unknown name reads as `internal`, whose own name is another.
  if (error_name(code) != text) refuse(name, "must be the name of an error");
  return code;
}

void Fields::refuse(std::string_view name, std::string_view why) {
  if (failure_) return;  // the first one counts
  std::string detail = place_;
  if (!name.empty()) {
    detail += name;
    detail += ' ';
  }
  detail += why;
  failure_ = refusal(Errc::bad_field, std::move(detail));
}

}  // namespace mpiferry::wire

// JSON as this layer reads and writes it: strings of any bytes, and fields that are checked one by
// one. Internal to the layer: no public header includes it.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "engine/base/error.hpp"
#include "engine/base/failure.hpp"

namespace mpiferry::wire {

using Json = nlohmann::json;

// File sizes and offsets are signed 64-bit numbers in POSIX.
inline constexpr std::uint64_t kMaxFileSize = std::uint64_t{1} << 63U;

// JSON strings are Unicode; paths are bytes. What is valid UTF-8 becomes a string; anything else
// becomes {"hex": "ff7a"}.
Json json_from_bytes(std::string_view bytes);
// Either form; nothing if it is neither.
std::optional<std::string> bytes_from_json(const Json& json);

// Whether this can be the name of a host. It may become part of a path, so it must not lead
// anywhere.
bool is_host_name(std::string_view host) noexcept;

// Whether a JSON string can hold these bytes (RFC 3629: no surrogates, no overlong forms).
bool is_utf8(std::string_view bytes) noexcept;

// Reads the fields of one JSON object. The first field that is missing or impossible is written to
// `failure`; from then on everything reads as some value in range, so that a decoder reads all its
// fields and then asks once. Fields that nobody asks for are ignored: messages may grow.
class Fields {
 public:
  // `place` names the object in the failure: "job: " or "job: faults.".
  Fields(const Json& object, std::string place, std::optional<Failure>& failure)
      : object_(object), place_(std::move(place)), failure_(failure) {
    if (!object_.is_object()) refuse("", "must be an object");
  }

  std::string bytes(const char* name);
  bool boolean(const char* name);
  Errc error(const char* name);
  // Only strings; "" after a failure.
  std::string text(const char* name);
  // The member itself; nothing if it is missing, which is not a failure.
  const Json* optional_member(const char* name) const;
  // The member itself; nothing, and a failure, if it is missing.
  const Json* member(const char* name);

  template <std::integral T>
  T integer(const char* name, T min, T max) {
    if (const Json* json = member(name)) {
      if (json->is_number_unsigned()) {
        const auto value = json->get<std::uint64_t>();
        if (std::cmp_less_equal(min, value) && std::cmp_less_equal(value, max)) {
          return static_cast<T>(value);
        }
      } else if (json->is_number_integer()) {
        const auto value = json->get<std::int64_t>();
        if (std::cmp_less_equal(min, value) && std::cmp_less_equal(value, max)) {
          return static_cast<T>(value);
        }
      }
      refuse(name,
             "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    }
    return min;
  }

  void refuse(std::string_view name, std::string_view why);

 private:
  const Json& object_;
  std::string place_;
  std::optional<Failure>& failure_;
};

}  // namespace mpiferry::wire

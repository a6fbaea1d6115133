// JSON as the payload of a message. Internal to the layer: no public header includes it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "engine/base/result.hpp"
#include "engine/wire/file_attributes.hpp"
#include "engine/wire/json_text.hpp"
#include "engine/wire/layout.hpp"

namespace mpiferry::wire {

struct Faults;
struct Master;

inline constexpr auto kMaxU32 = std::numeric_limits<std::uint32_t>::max();
inline constexpr auto kMaxU64 = std::numeric_limits<std::uint64_t>::max();
inline constexpr int kMaxInt = std::numeric_limits<int>::max();
// Rank 0 is the master.
inline constexpr std::uint32_t kMaxWorkers = std::numeric_limits<int>::max() - 1;

// Writes `json` into `out`; bad_length, with `what` in the detail, if it does not fit.
Result<std::size_t> put_json(std::string_view what, const Json& json, std::span<std::byte> out);

// What is no JSON reads as a value that is no object, which Fields refuses.
Json parse(std::span<const std::byte> payload);

// Reads `payload` with `read(fields, failure)`, which returns the message.
template <class Read>
auto take_json(std::string_view what, std::span<const std::byte> payload, Read read)
    -> Result<std::invoke_result_t<Read, Fields&, std::optional<Failure>&>> {
  const Json json = parse(payload);
  std::optional<Failure> failure;
  Fields fields{json, std::string{what} + ": ", failure};
  auto message = read(fields, failure);
  if (failure) return *std::move(failure);
  return message;
}

// The fields "layout" and "stall_timeout_ms" of a job.
Layout read_layout(Fields& fields);
std::chrono::milliseconds read_stall_timeout(Fields& fields);

// The member "master" of a job, and back.
Json json_from(const Master& master);
Master read_master(Fields& fields, const std::string& place, std::optional<Failure>& failure);

// Of a file, and back.
Json json_from(const FileAttributes& attributes);
FileAttributes read_attributes(const Json& json, const std::string& place,
                               std::optional<Failure>& failure);

// The faults of a job, and back.
Json json_from(const Faults& faults);
Faults read_faults(const Json& json, const std::string& place, std::optional<Failure>& failure);

}  // namespace mpiferry::wire

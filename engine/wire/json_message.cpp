#include "engine/wire/json_message.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>

#include "engine/wire/job.hpp"
#include "engine/wire/refusal.hpp"

namespace mpiferry::wire {
namespace {

// Far above any sensible test, and far below where adding it to a clock overflows.
constexpr std::chrono::microseconds kMaxWriteDelay = std::chrono::hours{24};

constexpr int kOctal = 8;

// As chmod takes it: "0640".
std::string octal(std::uint32_t mode) {
  std::string digits{"0000"};
  for (std::size_t i = digits.size(); i-- > 0; mode /= kOctal) {
    digits[i] = static_cast<char>('0' + mode % kOctal);
  }
  return digits;
}

}  // namespace

Result<std::size_t> put_json(std::string_view what, const Json& json, std::span<std::byte> out) {
  const std::string text = json.dump();  // cannot throw: json_from_bytes let only UTF-8 through
  if (text.size() > out.size()) {
    return refusal(Errc::bad_length, std::string{what} + ": " + std::to_string(text.size()) +
                                         " bytes, but the message holds only " +
                                         std::to_string(out.size()));
  }
  std::ranges::copy(std::as_bytes(std::span{text}), out.begin());
  return text.size();
}

Json parse(std::span<const std::byte> payload) {
  const auto* text = reinterpret_cast<const char*>(payload.data());
  return Json::parse(text, text + payload.size(), nullptr, /*allow_exceptions=*/false);
}

Layout read_layout(Fields& fields) {
  const auto layout = layout_from_name(fields.text("layout"));
  if (!layout) fields.refuse("layout", "must be the name of a layout");
  return layout.value_or(Layout{});
}

std::chrono::milliseconds read_stall_timeout(Fields& fields) {
  return std::chrono::milliseconds{
      fields.integer<std::int64_t>("stall_timeout_ms", 0, kMaxStallTimeout.count())};
}

Json json_from(const FileAttributes& attributes) {
  return {{"mode", octal(attributes.mode)},
          {"uid", attributes.uid},
          {"gid", attributes.gid},
          {"mtime_s", attributes.mtime_seconds},
          {"mtime_ns", attributes.mtime_nanoseconds}};
}

FileAttributes read_attributes(const Json& json, const std::string& place,
                               std::optional<Failure>& failure) {
  constexpr std::int64_t kAnyTime = std::numeric_limits<std::int64_t>::max();
  constexpr std::uint32_t kMaxMode = 07777;
  constexpr std::uint32_t kMaxNanoseconds = 999'999'999;
  Fields fields{json, place, failure};
  FileAttributes attributes;
  const std::string mode = fields.text("mode");
  const auto parsed =
      std::from_chars(mode.data(), mode.data() + mode.size(), attributes.mode, kOctal);
  if (mode.empty() || parsed.ec != std::errc{} || parsed.ptr != mode.data() + mode.size() ||
      attributes.mode > kMaxMode) {
    fields.refuse("mode", "must be octal digits, up to 7777");
  }
  attributes.uid = fields.integer<std::uint32_t>("uid", 0, kMaxU32);
  attributes.gid = fields.integer<std::uint32_t>("gid", 0, kMaxU32);
  attributes.mtime_seconds = fields.integer<std::int64_t>("mtime_s", -kAnyTime, kAnyTime);
  attributes.mtime_nanoseconds = fields.integer<std::uint32_t>("mtime_ns", 0, kMaxNanoseconds);
  return attributes;
}

Json json_from(const Faults& faults) {
  return {{"corrupt_every", faults.corrupt_every},
          {"corrupt_first", faults.corrupt_first},
          {"stall_rank", faults.stall_rank.value},
          {"stall_after", faults.stall_after},
          {"write_delay_us", faults.write_delay.count()}};
}

Faults read_faults(const Json& json, const std::string& place, std::optional<Failure>& failure) {
  Fields fields{json, place, failure};
  Faults faults;
  faults.corrupt_every = fields.integer<std::uint64_t>("corrupt_every", 0, kMaxU64);
  faults.corrupt_first = fields.integer<std::uint64_t>("corrupt_first", 0, kMaxU64);
  faults.stall_rank.value = fields.integer<int>("stall_rank", kNoRank.value, kMaxInt);
  faults.stall_after = fields.integer<std::uint64_t>("stall_after", 0, kMaxU64);
  faults.write_delay = std::chrono::microseconds{
      fields.integer<std::int64_t>("write_delay_us", 0, kMaxWriteDelay.count())};
  return faults;
}

Json json_from(const Master& master) {
  return {{"host", json_from_bytes(master.host)},
          {"build", json_from_bytes(master.build)},
          {"machine", json_from_bytes(master.machine)}};
}

Master read_master(Fields& fields, const std::string& place, std::optional<Failure>& failure) {
  const Json* json = fields.member("master");
  if (json == nullptr) return {};
  Fields its{*json, place + "master.", failure};
  return {.host = its.bytes("host"), .build = its.bytes("build"), .machine = its.bytes("machine")};
}

}  // namespace mpiferry::wire

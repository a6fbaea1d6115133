#include "engine/wire/json_text.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace mpiferry::wire {
namespace {

TEST(JsonText, utf8_stays_readable) {
  for (const std::string text :
       {"", "data.bin", "gr\xc3\xbc\xc3\x9f/\xf0\x9f\x9a\xa2", "a\nb\"\\"}) {
    EXPECT_EQ(json_from_bytes(text), Json(text));
  }
}

TEST(JsonText, other_bytes_become_hexadecimal) {
  EXPECT_EQ(json_from_bytes("\xffz").dump(), R"({"hex":"ff7a"})");
}

TEST(JsonText, every_pair_of_bytes_survives_text_and_back) {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      const std::string bytes{static_cast<char>(a), static_cast<char>(b)};
      const std::string text = json_from_bytes(bytes).dump();  // throws on what is not UTF-8
      const auto back = bytes_from_json(Json::parse(text));
      ASSERT_TRUE(back.has_value());
      ASSERT_EQ(*back, bytes);
    }
  }
}

TEST(JsonText, a_text_that_looks_like_the_other_form_is_not_taken_for_it) {
  const std::string text = R"({"hex":"ff"})";
  EXPECT_EQ(bytes_from_json(json_from_bytes(text)), text);
}

TEST(JsonText, bytes_are_read_from_nothing_else) {
  for (const char* text :
       {"null", "7", "true", "[]", "[\"ff\"]", "{}", R"({"hex":7})", R"({"hex":"f"})",
        R"({"hex":"fg"})", R"({"Hex":"ff"})", R"({"hex":"ff","x":0})", R"({"hex":{"hex":"ff"}})"}) {
    EXPECT_FALSE(bytes_from_json(Json::parse(text)).has_value()) << text;
  }
}

TEST(Utf8, accepts_the_first_and_last_of_every_length) {
  for (const char* text :
       {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  EXPECT_TRUE(is_utf8(std::string(3, '\0')));
}

TEST(Utf8, refuses_overlong_surrogate_truncated_and_misplaced_bytes) {
  for (const char* text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\xc2", "\xe0\x9f\xbf", "\xe0\xa0",
        "\xed\xa0\x80", "\xed\xbf\xbf", "\xe1\x80\x7f", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80",
        "\xf1\x80\x80\xc0", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff", "ok\x80"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Fields, integer_reads_its_range_and_nothing_else) {
  const Json json = Json::parse(R"({"zero": 0, "minus": -1, "low": -9223372036854775808,
      "near": 9223372036854775807, "at": 9223372036854775808, "top": 18446744073709551615,
      "beyond": 18446744073709551616, "real": 1.0, "text": "1", "yes": true, "nothing": null})");
  const auto read = [&json]<class T>(const char* name, T min, T max) -> std::optional<T> {
    std::optional<Failure> failure;
    Fields fields{json, "", failure};
    const T value = fields.integer<T>(name, min, max);
    if (failure) return std::nullopt;
    return value;
  };
  using I64 = std::numeric_limits<std::int64_t>;
  using U64 = std::numeric_limits<std::uint64_t>;
  const std::uint64_t two_to_63 = std::uint64_t{1} << 63U;

  EXPECT_EQ(read("zero", 0, 5), 0);
  EXPECT_EQ(read("zero", 1, 5), std::nullopt);
  EXPECT_EQ(read("minus", -1, 5), -1);
  EXPECT_EQ(read("minus", std::uint64_t{0}, U64::max()), std::nullopt);
  EXPECT_EQ(read("low", I64::min(), I64::max()), I64::min());
  EXPECT_EQ(read("near", I64::min(), I64::max()), I64::max());
  EXPECT_EQ(read("at", I64::min(), I64::max()), std::nullopt);
  EXPECT_EQ(read("at", std::uint64_t{0}, two_to_63), two_to_63);
  EXPECT_EQ(read("at", std::uint64_t{0}, two_to_63 - 1), std::nullopt);
  EXPECT_EQ(read("top", std::uint64_t{0}, U64::max()), U64::max());
  EXPECT_EQ(read("top", -1, 5), std::nullopt);
  for (const char* name : {"beyond", "real", "text", "yes", "nothing", "absent"}) {
    EXPECT_EQ(read(name, std::uint64_t{0}, U64::max()), std::nullopt) << name;
  }
}

TEST(Fields, the_first_failure_counts) {
  const Json json = Json::object();
  std::optional<Failure> failure;
  Fields fields{json, "job: ", failure};
  EXPECT_EQ(fields.text("a"), "");
  EXPECT_FALSE(fields.boolean("b"));
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->code, Errc::bad_field);
  EXPECT_EQ(failure->message(), "job: a is missing");
}

TEST(Fields, what_is_no_object_is_refused) {
  for (const char* text : {"[]", "7", "null", "\"x\""}) {
    const Json json = Json::parse(text);
    std::optional<Failure> failure;
    Fields fields{json, "job: ", failure};
    EXPECT_EQ(fields.bytes("a"), "");
    ASSERT_TRUE(failure.has_value()) << text;
    EXPECT_EQ(failure->message(), "job: must be an object");
  }
}

}  // namespace
}  // namespace mpiferry::wire

// What is no manifest is refused, whatever it is.
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "engine/wire/manifest.hpp"
#include "tests/unit/wire/manifest_sample.hpp"

namespace mpiferry::wire {
namespace {

TEST(Manifest, read_refuses_what_is_no_manifest) {
  for (const char* text : {"null", "[]", "7", "[\"0000000000000000\"]"}) {
    expect_refused(text, "manifest: must be an object");
  }
  expect_refused("{}", "manifest: schema is missing");
}

TEST(Manifest, read_says_where_text_is_no_json) {
  const std::string text{kText};
  expect_refused("", "manifest: no JSON: it is empty");
  expect_refused("{", "manifest: no JSON: it ends too early, after 1 bytes");
  for (const std::size_t size : {text.size() - 2, text.size() / 2, text.size() / 3}) {
    expect_refused(text.substr(0, size), "manifest: no JSON: it ends too early, after " +
                                             std::to_string(size) + " bytes");
  }
  expect_refused("\xff", "manifest: no JSON: byte 1 cannot be there, in line 1");
  expect_refused("{\n\n  x", "manifest: no JSON: byte 6 cannot be there, in line 3");
  expect_refused(text + "x", "manifest: no JSON: byte " + std::to_string(text.size() + 1));
}

TEST(Manifest, read_refuses_another_schema_or_rule) {
  expect_refused(replaced("manifest/2", "manifest/1"), "manifest: schema must be");
  expect_refused(replaced("\"chunks\",", "\"rows\","), "manifest: layout must be");
  expect_refused(replaced("\"chunks\",", "\"stripes\","), "manifest: file_names must be");
  expect_refused(replaced("chunk_{i}", "../chunk_{i}"), "manifest: file_names must be");
  expect_refused(replaced("XXH128", "SHA256"), "manifest: digest_algorithm must be");
  expect_refused(replaced("XXH3-64", "CRC32"), "manifest: chunk_digest_algorithm must be");
}

TEST(Manifest, read_refuses_impossible_sizes) {
  for (const char* size : {"0", "1073741825", "-1", "1000.0", "\"1000\"", "18446744073709551615"}) {
    expect_refused(replaced(": 1000,", std::string{": "} + size + ","),
                   "manifest: chunk_size must be");
  }
  for (const char* size : {"-1", "9223372036854775809", "18446744073709551616", "null"}) {
    expect_refused(replaced(": 2500,", std::string{": "} + size + ","), "manifest: size must be");
  }
}

TEST(Manifest, read_refuses_a_count_of_chunks_that_is_not_the_plans) {
  expect_refused(replaced("\"chunks\": 3", "\"chunks\": 2"), "manifest: chunks must be");
  expect_refused(replaced("\"chunks\": 3", "\"chunks\": -3"), "manifest: chunks must be");
  expect_refused(replaced(": 2500,", ": 3001,"), "manifest: chunks must be");
  expect_refused(replaced(": 2500,", ": 9223372036854775808,"), "manifest: chunks must be");
  expect_refused(replaced(",\n    \"0b3b630948ce4a00\"", ""),
                 "manifest: chunk_digests must be 3 digests, not 2");
  expect_refused(replaced("\"9555", "\"0000000000000000\", \"9555"),
                 "manifest: chunk_digests must be 3 digests, not 4");
}

TEST(Manifest, read_refuses_digests_that_are_not_hexadecimal) {
  for (const char* bad : {"\"\"", "\"9555e8555c62dcf\"", "\"9555e8555c62dcfg\"", "7", "null", "[]",
                          "{}", "[\"9555e8555c62dcfd\"]"}) {
    expect_refused(replaced("\"9555e8555c62dcfd\"", bad), "manifest: chunk_digests must be an");
  }
  expect_refused(replaced("\"e3503d8de40743b7", "\"x3503d8de40743b7"), "manifest: digest must be");
  expect_refused(replaced("\"e3503d8de40743b7", "\""), "manifest: digest must be");
}

TEST(Manifest, read_refuses_digests_that_are_no_array) {
  std::string text = kText;
  text.resize(text.find("\"chunk_digests\""));
  expect_refused(text + R"("chunk_digests": {"a": "9555e8555c62dcfd"}})",
                 "manifest: chunk_digests must be an array");
  expect_refused(text + R"("chunk_digests": null})", "manifest: chunk_digests must be an array");
  expect_refused(text + R"("later": 1})", "manifest: chunk_digests is missing");
}

TEST(Manifest, read_refuses_no_workers_and_impossible_ones) {
  std::string text = kText;
  const std::size_t begin = text.find('[');
  text.replace(begin, text.find(']') + 1 - begin, "[]");
  expect_refused(text, "manifest: workers must be");
  expect_refused(replaced("\"rank\": 2", "\"rank\": 0"), "manifest: workers[1]: rank must be");
  expect_refused(replaced("\"rank\": 2", "\"rank\": 1"), "manifest: workers[1]: rank must be 2");
  expect_refused(replaced("\"rank\": 2", "\"rank\": 3"), "manifest: workers[1]: rank must be 2");
  expect_refused(replaced("\"rank\": 1,", ""), "manifest: workers[0]: rank is missing");
  expect_refused(replaced("\"node2\"", "2"), "manifest: workers[1]: host must be");
  expect_refused(replaced("\"workers\": [", "\"workers\": [7, "),
                 "manifest: workers[0]: must be an object");
  expect_refused(replaced("\"workers\"", "\"helpers\""), "manifest: workers is missing");
}

TEST(Manifest, read_refuses_host_names_that_would_lead_elsewhere) {
  for (const char* host : {"", ".", "..", "../x", "/etc", "a/b", "a\\u0000b"}) {
    expect_refused(replaced("node2", host), "manifest: workers[1]: host must be a name");
  }
  EXPECT_TRUE(read_manifest(replaced("node2", "node2.rack..7")));
}

TEST(Manifest, read_refuses_moved_chunks_that_cannot_be) {
  for (const char* moved :
       {"[[0, 3]]", "[[0, 0]]", "[[3, 2]]", "[[0, 1]]", "[[1, 1], [0, 2]]", "[[0, 2], [0, 2]]",
        "[[0]]", "[[0, 2, 2]]", "[0]", "[[-1, 2]]", "[[0, -2]]", "[[0.0, 2]]", "7", "null",
        "{\"0\": 2}", "[[18446744073709551615, 2]]"}) {
    expect_refused(replaced("\"moved\": []", std::string{"\"moved\": "} + moved),
                   "manifest: moved must be");
  }
  expect_refused(replaced("\"moved\": [],", ""), "manifest: moved is missing");
}

TEST(Manifest, no_depth_of_nesting_exhausts_the_stack) {
  const std::string open(200'000, '[');
  const std::string close(200'000, ']');
  expect_refused(open, "manifest: no JSON: it ends too early");
  expect_refused(open + close, "manifest: must be an object");
  expect_refused(replaced("\"9555e8555c62dcfd\"", open + close), "manifest: chunk_digests must be");
  EXPECT_TRUE(read_manifest(replaced("{\n", "{\"later\": " + open + close + ",")));
}

TEST(Manifest, every_truncated_text_is_refused) {
  const std::string_view whole{kText};
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    EXPECT_FALSE(read_manifest(whole.substr(0, size))) << size;
  }
}

TEST(Manifest, a_changed_byte_anywhere_never_harms) {
  for (const char byte : {'\0', '"', '[', ']', '}', '-', '9', 'e', '\\', '\xff'}) {
    for (std::size_t i = 0; i < std::string_view{kText}.size(); ++i) {
      std::string text = kText;
      text[i] = byte;
      if (const auto read = read_manifest(text)) {
        EXPECT_EQ(read->chunk_digests.size(), 3U);
        EXPECT_FALSE(read->workers.empty());
      }
    }
  }
}

}  // namespace
}  // namespace mpiferry::wire

// A manifest, its text, and what is said of texts that are none.
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "engine/wire/manifest.hpp"

namespace mpiferry::wire {

inline Manifest some_manifest() {
  Manifest manifest;
  manifest.source = "data.bin";
  manifest.size = 2500_B;
  manifest.chunk_size = 1000_B;
  manifest.digest = {0xe3503d8de40743b7, 0x269eb834f6c110a9};
  manifest.workers = {{Rank{1}, "node1", "/data/out"}, {Rank{2}, "node2", "/data/out"}};
  manifest.chunk_digests = {0x9555e8555c62dcfd, 0x4c5cca45d0f4811f, 0x0b3b630948ce4a00};
  return manifest;
}

// docs/reference/manifest.md shows this very text.
inline constexpr const char* kText = R"({
  "schema": "mpiferry.manifest/2",
  "source": "data.bin",
  "size": 2500,
  "digest_algorithm": "XXH128",
  "digest": "e3503d8de40743b7269eb834f6c110a9",
  "layout": "chunks",
  "chunk_size": 1000,
  "chunks": 3,
  "file_names": "chunk_{i}.bin",
  "chunk_digest_algorithm": "XXH3-64",
  "workers": [
    {"rank": 1, "host": "node1", "directory": "/data/out"},
    {"rank": 2, "host": "node2", "directory": "/data/out"}
  ],
  "moved": [],
  "chunk_digests": [
    "9555e8555c62dcfd",
    "4c5cca45d0f4811f",
    "0b3b630948ce4a00"
  ]
}
)";

inline std::string text_of(const Manifest& manifest) {
  std::string text;
  const Outcome outcome = write_manifest(manifest, [&text](std::string_view piece) -> Outcome {
    text += piece;
    return Nothing{};
  });
  EXPECT_TRUE(outcome);
  return text;
}

inline std::string replaced(std::string_view from, std::string_view to) {
  std::string text = kText;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

inline void expect_refused(const std::string& text, std::string_view detail) {
  const auto manifest = read_manifest(text);
  ASSERT_FALSE(manifest) << text.substr(0, 1000);
  EXPECT_EQ(manifest.error().code, Errc::bad_field);
  EXPECT_EQ(manifest.error().detail.substr(0, detail.size()), detail);
}

}  // namespace mpiferry::wire

// The names of the ways in which chunks lie in the files of a destination. What they mean is in
// engine/plan/layout.cpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mpiferry::wire {

enum class Layout : std::uint8_t {
  chunks,   // a file for each chunk
  stripes,  // a file for each worker, its chunks one after the other
  file,     // one file that all workers write into, as the source is: for shared file systems
};

// Whose a file is: a chunk's own; a worker's, with its chunks one directly behind the other; or
// everybody's, with all chunks where they are in the source.
enum class FileOf : std::uint8_t { chunk, worker, all };

// What such a file is called, with {i} for the chunk's index and {rank} for the worker's rank.
constexpr std::string_view file_pattern(FileOf kind) noexcept {
  switch (kind) {
    case FileOf::chunk:
      return "chunk_{i}.bin";
    case FileOf::worker:
      return "stripe_{rank}.bin";
    case FileOf::all:
      return "file.bin";
  }
  return {};
}

struct LayoutName {
  Layout layout;
  std::string_view name;  // in messages and manifests, and behind --layout
  FileOf files;           // that a worker makes of its own chunks
};

inline constexpr auto kLayouts = std::to_array<LayoutName>({
    {Layout::chunks, "chunks", FileOf::chunk},
    {Layout::stripes, "stripes", FileOf::worker},
    {Layout::file, "file", FileOf::all},
});

std::string_view layout_name(Layout layout) noexcept;
std::optional<Layout> layout_from_name(std::string_view name) noexcept;
constexpr FileOf files_of(Layout layout) noexcept {
  return std::ranges::find(kLayouts, layout, &LayoutName::layout)->files;
}

// All names, as a sentence has them: "chunks", "stripes" or "file", each in quotation marks.
std::string layout_choices();

}  // namespace mpiferry::wire

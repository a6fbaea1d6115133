// The names of the ways in which chunks lie in the files of a destination. What they mean is in
// engine/plan/layout.cpp.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace mpiferry::wire {

enum class Layout : int {  // not a byte: CLI11 prints those as characters
  chunks,                  // a file for each chunk
  stripes,                 // a file for each worker, its chunks one after the other
  file,  // one file that all workers write into, as the source is: for shared file systems
};

struct LayoutNames {
  Layout layout;
  std::string_view name;        // in messages and manifests, and behind --layout
  std::string_view file_names;  // in manifests
};

inline constexpr auto kLayouts = std::to_array<LayoutNames>({
    {Layout::chunks, "chunks", "chunk_{i}.bin"},
    {Layout::stripes, "stripes", "stripe_{rank}.bin"},
    {Layout::file, "file", "file.bin"},
});

std::string_view layout_name(Layout layout) noexcept;
std::optional<Layout> layout_from_name(std::string_view name) noexcept;
// What the files are called.
std::string_view file_names(Layout layout) noexcept;

// All names, as a sentence has them: "chunks", "stripes" or "file", each in quotation marks.
std::string layout_choices();

}  // namespace mpiferry::wire

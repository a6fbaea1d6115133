// How chunks lie in the files of a destination.
#pragma once

#include <optional>
#include <string_view>

namespace mpiferry::wire {

enum class Layout : int {  // not a byte: CLI11 prints those as characters
  chunks,                  // a file for each chunk
  stripes,                 // a file for each worker, its chunks one after the other
  file,  // one file that all workers write into, as the source is: for shared file systems
};

// "chunks", "stripes", "file".
std::string_view layout_name(Layout layout) noexcept;
std::optional<Layout> layout_from_name(std::string_view name) noexcept;

// What the files are called: "chunk_{i}.bin", "stripe_{rank}.bin", "file.bin".
std::string_view file_names(Layout layout) noexcept;

}  // namespace mpiferry::wire

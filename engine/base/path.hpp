// How the path of a file is shown.
#pragma once

#include <string>
#include <string_view>

namespace mpiferry {

// Without what is written behind a directory's name for nothing; "/" stays.
std::string_view without_slashes(std::string_view path) noexcept;

// "c" of "a/b/c" and of "a/b/c/".
std::string_view last_name(std::string_view path) noexcept;

// "out" and "chunk_7.bin" are "out/chunk_7.bin", so are "out/" and "out//"; a name in "." stands
// alone.
std::string path_in(std::string_view directory, std::string_view name);

}  // namespace mpiferry

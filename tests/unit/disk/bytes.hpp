// Gives tests the bytes of a text.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace mpiferry::disk {

// The bytes are valid as long as the text.
inline std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span{text});
}

}  // namespace mpiferry::disk

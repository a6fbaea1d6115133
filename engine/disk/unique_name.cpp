#include "engine/disk/unique_name.hpp"

#include <cstdint>
#include <random>

#include "engine/base/hex.hpp"

namespace mpiferry::disk {

std::string unique_name(std::string_view prefix) {
  std::random_device random;
  std::string name{prefix};
  for (int word = 0; word < 2; ++word) {
    std::uint32_t bits = random();
    for (int digit = 0; digit < 8; ++digit, bits >>= 4U) name += kHexDigits[bits & 0xfU];
  }
  return name;
}

}  // namespace mpiferry::disk

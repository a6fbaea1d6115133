#include "engine/disk/data_extents.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <sys/types.h>
#include <unistd.h>

#include "engine/storage/storage.hpp"

namespace mpiferry::disk {

std::optional<std::vector<Extent>> data_extents(storage::Storage& storage, int file, Bytes begin,
                                                Bytes end) {
  std::vector<Extent> extents;
  const auto first = static_cast<off_t>(begin.value);
  const auto last = static_cast<off_t>(end.value);
  for (off_t at = first; at < last;) {
    const off_t data = storage.seek(file, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // holes only, from here on
    off_t hole = data < 0 ? data : storage.seek(file, data, SEEK_HOLE);
    if (hole < 0) return std::nullopt;
    hole = std::min(hole, last);
    if (data < hole) {
      extents.push_back({Bytes{static_cast<std::uint64_t>(data - first)},
                         Bytes{static_cast<std::uint64_t>(hole - data)}});
    }
    at = hole;
  }
  return extents;
}

}  // namespace mpiferry::disk

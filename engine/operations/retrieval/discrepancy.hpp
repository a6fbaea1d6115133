// What is wrong with something that was scattered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/units.hpp"

namespace mpiferry {

struct Discrepancy {
  enum class Kind : std::uint8_t { missing, damaged, differs, extra };
  Kind kind = Kind::missing;
  std::optional<ChunkIndex> chunk = {};  // nothing: a file that has no place there
  Rank rank = kNoRank;                   // who found it, in this job
  std::string host = {};
  std::string path = {};
  std::string detail = {};  // "its digest is ..., the manifest says ..."
  std::string call = {};
  int system_errno = 0;
};

}  // namespace mpiferry

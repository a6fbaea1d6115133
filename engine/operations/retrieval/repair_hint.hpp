// What to do about a chunk that is not as it was scattered.
#pragma once

#include <string>

#include "engine/operations/retrieval/discrepancy.hpp"
#include "engine/wire/manifest.hpp"

namespace mpiferry::operations {

// Whether something else has the name of its file: a directory, a FIFO, a symbolic link.
bool is_no_file(const Discrepancy& discrepancy) noexcept;

// What to do about a chunk.
struct RepairHint {
  std::string first;        // "": nothing
  bool from_source = true;  // and then what repair_from_source() says
};
// `directory`: as the user has named it, {rank} and {host} included.
RepairHint repair_hint(const Discrepancy& discrepancy, const wire::Manifest& manifest,
                       const std::string& directory);
// The command that keeps all that is right.
std::string repair_from_source(const wire::Manifest& manifest);

}  // namespace mpiferry::operations

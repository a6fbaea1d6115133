// What to do about a chunk that is not as it was scattered.
#pragma once

#include <string>

#include "engine/operations/retrieval/discrepancy.hpp"
#include "engine/wire/manifest.hpp"

namespace mpiferry::operations {

// Whether something else has the name of its file: a directory, a FIFO, a symbolic link.
bool is_no_file(const Discrepancy& discrepancy) noexcept;

// A hint. `directory`: as the user has named it, {rank} and {host} included.
std::string repair_hint(const Discrepancy& discrepancy, const wire::Manifest& manifest,
                        const std::string& directory);

}  // namespace mpiferry::operations

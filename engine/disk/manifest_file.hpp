// The manifest that a finished job has left in a directory.
#pragma once

#include "engine/base/result.hpp"
#include "engine/disk/directory.hpp"
#include "engine/wire/manifest.hpp"

namespace mpiferry::disk {

// source_not_found (with a hint) if there is none, source_unreadable, manifest_damaged with what is
// wrong: also if what has its name is no file.
Result<wire::Manifest> read_manifest(const Directory& directory);

// Whether a file of that name is there that no version of mpiferry has written, in whole or in
// part, or that may not be opened. dest_unusable or source_unreadable if it cannot be read: then
// nobody knows.
Result<bool> is_foreign_manifest(const Directory& directory);

// The failure to open the directory, or a file in it, as one of those.
Failure no_manifest(const Failure& why);

}  // namespace mpiferry::disk

// Names that a file is given and that take nobody else's away.
#pragma once

#include "engine/storage/storage.hpp"

namespace mpiferry::disk {

// All: `from` and `to` are names in `directory`. 0 or an errno, EEXIST if there is a `to`.
// Thread-safe.

// A second name, by link(2). 0 as well if `to` is this very file.
int link_new(storage::Storage& storage, int directory, const char* from, const char* to) noexcept;
// Another name instead of `from`. Where the file system cannot do that in one step, by link(2) and
// unlink(2); where it has no links either, a look goes before an ordinary rename, and a `to` that
// is made between the two is lost. Through links some FUSE give the file another number, so it is
// for files that nobody has open.
int rename_new(storage::Storage& storage, int directory, const char* from, const char* to) noexcept;
// The same for a file that is open and stays the one that was opened: never by a link. Only for a
// `to` that nobody else makes, as under the lock of a job
// (docs/decisions/0023-an-open-file-is-never-linked.md).
int rename_open(storage::Storage& storage, int directory, const char* from,
                const char* to) noexcept;

// Whether `error` of link(2) says that the file system has none: FAT, some FUSE.
bool lacks_links(int error) noexcept;

}  // namespace mpiferry::disk

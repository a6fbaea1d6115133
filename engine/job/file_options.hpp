// How files are read and written, whatever the operation.
#pragma once

namespace mpiferry {

// What shows that a source is still what it was when it was opened. Its size always counts;
// `mtime`: the time of its last change, too; `digest`: its bytes, which are read a second time.
enum class SourceCheck : int { size, mtime, digest };

// Holes of a source stay holes where several chunks share a file, or are filled with zeros.
enum class Sparse : int { automatic, never };

}  // namespace mpiferry

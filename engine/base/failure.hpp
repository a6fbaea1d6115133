// A failure as a user needs it: what failed, where, why, and what to do next.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/error.hpp"
#include "engine/base/units.hpp"

namespace mpiferry {

// Only `code` is always set; the rest is what is known of the place. A value, not an exception:
// failures of files, peers and users are expected. The texts name a field of an operation's options
// in backquotes: `stall_timeout`.
struct Failure {
  Errc code = Errc::internal;
  Rank rank = kNoRank;      // where it happened
  std::string host = {};    // of that rank
  std::string path = {};    // the file or directory
  std::string call = {};    // the system or MPI call: "pwrite"
  int system_errno = 0;     // what that call said; 0 if it said nothing
  std::string detail = {};  // replaces the general message of `code` when it is not empty
  std::string hint = {};    // what to do next; a sentence without a full stop

  bool operator==(const Failure&) const = default;

  // One line: "rank 2 (node7): 'out/chunk_7.bin': pwrite: No space left on device".
  // Control characters are escaped, so that it stays one line whoever wrote its parts.
  std::string message() const;
};

// `text` in single quotes, with control characters and backslashes escaped as in C. Other bytes
// (UTF-8 included) stay as they are.
std::string quoted(std::string_view text);
// The same without the quotes.
std::string escaped(std::string_view text);
// The same with backslashes as they are: for text that may hold paths which are escaped already.
std::string printable(std::string_view text);

}  // namespace mpiferry

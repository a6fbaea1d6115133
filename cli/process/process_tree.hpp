// Who has started whom.
#pragma once

#include <string>
#include <sys/types.h>

namespace mpiferry::cli {

// Of /proc; at most 15 characters. "": there is no such process, or it cannot be seen.
std::string process_name(pid_t process);
// 0: the same, or it has none.
pid_t parent_process(pid_t process);

}  // namespace mpiferry::cli

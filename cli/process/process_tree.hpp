// Processes and their parents, from /proc.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace mpiferry::cli {

// At most 15 characters. "": there is no such process, or it cannot be seen.
std::string process_name(pid_t process);
// Whether its name begins with one of these.
bool is_named(pid_t process, std::initializer_list<std::string_view> beginnings);
// 0: the process is unknown, or has no parent.
pid_t parent_process(pid_t process);

// This process, the wrappers above it (`timeout`, `strace`), each of which starts a single command
// and waits for it, and last who has started them: perhaps a launcher.
std::vector<pid_t> line_of_descent();
// The last of these.
pid_t starter();

// The number behind `field` in a file of /proc, which has a field a line: "PPid:\t".
std::optional<int> number_in(const std::string& file, std::string_view field, int base = 10);

}  // namespace mpiferry::cli

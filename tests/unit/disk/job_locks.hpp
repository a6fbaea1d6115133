// The job locks of two jobs, as they stand in .mpiferry.job.
#pragma once

namespace mpiferry::disk {

inline constexpr const char* kOurs =
    "00000000000000aa\nrank 0, pid 12 (started 1, pid namespace 4, boot 7c1f) on node7\n";
inline constexpr const char* kTheirs =
    "00000000000000bb\nrank 0, pid 99 (started 1, pid namespace 4, boot 7c1f) on node8\n";

}  // namespace mpiferry::disk

// Forked processes that start together. What they do is timed from the common start to the end of
// the last one; what they prepare before it is not.
#pragma once

#include <functional>
#include <optional>

namespace mpiferry::limits {

// One member, in a process of its own: prepares, and returns the work that is timed. Either throws
// if it fails.
using Work = std::function<void()>;
using Member = std::function<Work(int index)>;

// Seconds; nothing if a member failed, which has then said why on standard error. Members end when
// this process does, however that happens. Throws std::system_error if no process can be made.
std::optional<double> time_together(int count, const Member& member);

}  // namespace mpiferry::limits

// Time as the protocol sees it: an argument of what happens, never read from a clock here.
#pragma once

#include <chrono>

namespace mpiferry::protocol {

using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

}  // namespace mpiferry::protocol

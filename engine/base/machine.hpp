// Which machine a process runs on.
#pragma once

#include <string>

namespace mpiferry {

// Of the kernel: differs between machines, and with each start of one. "": the system does not
// tell.
std::string boot_id();

// Equal for processes of one kernel and, where the system tells, for no others: machines may all be
// called localhost, and containers of one machine have names of their own. Numbers of devices mean
// the same where it is equal. `host`: the name of this one, for systems that do not tell.
std::string machine_id(const std::string& host);

}  // namespace mpiferry

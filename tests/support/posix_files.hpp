// Gives tests the files of this machine.
#pragma once

#include "engine/posix/posix_storage.hpp"

namespace mpiferry {

inline posix::PosixStorage files;  // holds nothing

}  // namespace mpiferry

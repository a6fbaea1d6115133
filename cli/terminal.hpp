// Whether a person is looking.
#pragma once

namespace mpiferry::cli {

// Standard error is a terminal, or a pipe to an mpirun on this host whose standard error is one:
// launchers put a pipe between a rank and the terminal.
bool stderr_is_watched();

}  // namespace mpiferry::cli

// What a process inherits, made fit for a job.
#pragma once

namespace mpiferry::cli {

// Signals and standard descriptors. To be called first.
void set_up_process();

}  // namespace mpiferry::cli

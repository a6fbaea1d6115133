// What a process inherits: signals and standard descriptors.
#pragma once

namespace mpiferry::cli {

// Makes them fit for a job. To be called first.
void set_up_process();

}  // namespace mpiferry::cli

// What no test machine can measure: the cost of many workers. docs/internals/scaling.md has the
// model.
#pragma once

namespace mpiferry::simulation {

// Prints a Markdown table; an exit status: 1 if a job did not end well.
int print_scale();

}  // namespace mpiferry::simulation

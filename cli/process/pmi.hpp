// PMI, over which a launcher such as MPICH's mpirun talks to its ranks: whether it does.
#pragma once

#include <string>

namespace mpiferry::cli {

// A launcher closes its end when the rank has ended MPI.
bool is_connected_to_pmi();

// Which variable of a launcher that speaks PMI this rank lacks: MPI_Init would wait for ever, or
// take every rank for a program of its own. "" if nothing is wrong.
std::string pmi_fault();

// Removes the variables of PMI if PMI_FD or PMI_PORT is left from a launcher that does not listen
// any more: its program has ended MPI already, or a script has closed the descriptor. MPI_Init
// would fail, or write to something else; without the variables MPI starts alone. Not thread-safe.
void forget_closed_pmi();

}  // namespace mpiferry::cli

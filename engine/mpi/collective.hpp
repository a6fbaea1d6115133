// Collectives at start-up and end: nonblocking ones, waited for in a way that lets others run.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include <mpi.h>

#include "engine/base/units.hpp"

namespace mpiferry::mpi {

// Asked between the tests of what a rank waits for; true: it waits no longer.
using GiveUp = std::function<bool()>;

// Waits for the collective that `request` stands for and that the MPI function `call` has started
// with `result`. Blocking collectives spin, and with more ranks than cores each spins in the way of
// those it waits for; this one tests, yields and naps. False if it is not complete within
// `patience` (nothing: for ever); the request, and the memory that the collective works on, are
// then MPI's for good. Throws CallFailed if MPI refuses: no rank can go on then.
bool finish(const char* call, int result, MPI_Request& request,
            std::optional<std::chrono::milliseconds> patience = {});

// The same for any request, one with a `peer` or without; false if it was given up.
bool finish(const char* call, int result, MPI_Request& request, const GiveUp& give_up,
            Rank peer = kNoRank);

}  // namespace mpiferry::mpi

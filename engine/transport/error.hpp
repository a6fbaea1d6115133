// What goes wrong with a message, as error codes and as failures that name the call.
#pragma once

#include <string_view>
#include <system_error>

#include <boost/system/error_code.hpp>

#include "engine/base/failure.hpp"
#include "engine/base/units.hpp"

namespace mpiferry::transport {

using ErrorCode = boost::system::error_code;

// A transport's category maps the errors that a lost connection causes to this condition.
inline const std::error_condition kConnectionLost{
    std::make_error_condition(std::errc::not_connected)};

// "MPI_Testsome: rank 3, tag 22: message truncated". peer_unreachable, of that rank, if the
// connection to a known peer is lost; else mpi_failed.
Failure failure_of(std::string_view call, const ErrorCode& error, Rank peer = kNoRank,
                   int tag = -1);

}  // namespace mpiferry::transport

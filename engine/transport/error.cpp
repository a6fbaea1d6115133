#include "engine/transport/error.hpp"

#include <string>

namespace mpiferry::transport {
namespace {

// MPICH tells the way of an error through its functions; the last one knows the cause:
// "... MPIDI_UCX_send(83).:  returned failed request in UCX netmod(... Endpoint timeout)".
std::string cause_of(const std::string& message) {
  static constexpr std::string_view kStep = ".: ";
  const std::size_t step = message.rfind(kStep);
  const std::size_t cause =
      step == std::string::npos ? step : message.find_first_not_of(' ', step + kStep.size());
  return cause == std::string::npos ? message : message.substr(cause);
}

}  // namespace

Failure failure_of(std::string_view call, const ErrorCode& error, Rank peer, int tag) {
  if (peer.value >= 0 && std::error_code{error} == kConnectionLost) {
    return {.code = Errc::peer_unreachable,
            .rank = peer,
            .call = std::string{call},
            .detail = "the connection to this rank is lost (" + cause_of(error.message()) + ")",
            .hint = "check that host and the network between"};
  }
  Failure failure{.code = Errc::mpi_failed, .call = std::string{call}};
  if (peer.value >= 0) failure.detail += "rank " + std::to_string(peer.value);
  if (tag >= 0)
    failure.detail += (failure.detail.empty() ? "tag " : ", tag ") + std::to_string(tag);
  if (!failure.detail.empty()) failure.detail += ": ";
  failure.detail += error.message();
  return failure;
}

}  // namespace mpiferry::transport

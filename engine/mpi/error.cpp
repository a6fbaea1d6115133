#include "engine/mpi/error.hpp"

#include <algorithm>
#include <array>
#include <system_error>

#include <mpi.h>

namespace mpiferry::mpi {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "mpi"; }
  std::string message(int value) const override {
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    if (MPI_Error_string(value, text.data(), &length) != MPI_SUCCESS) {
      return "MPI error " + std::to_string(value);
    }
    std::string out{text.data(), static_cast<std::size_t>(length)};
    while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
    std::ranges::replace(out, '\n', ' ');
    return out;
  }
};

}  // namespace

const std::error_category& mpi_category() noexcept {
  static const Category category;
  return category;
}

ErrorCode to_error_code(int mpi_result) noexcept {
  if (mpi_result == MPI_SUCCESS) return {};
  return std::error_code{mpi_result, mpi_category()};
}

namespace {

// MPI has no class of its own for these: MPICH says "other" whatever UCX reports. So a message to
// or from one peer that fails as "other" is taken for a lost connection: that of a damaged library
// looks the same, and to look at that host and at the network is the first thing to do for it, too.
bool is_of_connection(const ErrorCode& error) noexcept {
  int error_class = MPI_SUCCESS;
  const std::error_code code = error;
  if (code.category() != mpi_category() ||
      MPI_Error_class(code.value(), &error_class) != MPI_SUCCESS) {
    return false;
  }
  return error_class == MPI_ERR_OTHER || error_class == MPI_ERR_INTERN ||
         error_class == MPI_ERR_UNKNOWN;
}

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

Failure mpi_failure(std::string_view call, const ErrorCode& error, Rank peer, int tag) {
  if (peer.value >= 0 && is_of_connection(error)) {
    return {.code = Errc::peer_unreachable,
            .rank = peer,
            .call = std::string{call},
            .detail = "the connection to this rank is lost (" + cause_of(error.message()) + ")",
            .hint = "look at that host and at the network between"};
  }
  Failure failure{.code = Errc::mpi_failed, .call = std::string{call}};
  if (peer.value >= 0) failure.detail += "rank " + std::to_string(peer.value);
  if (tag >= 0)
    failure.detail += (failure.detail.empty() ? "tag " : ", tag ") + std::to_string(tag);
  if (!failure.detail.empty()) failure.detail += ": ";
  failure.detail += error.message();
  return failure;
}

void require(std::string_view call, int mpi_result, Rank peer) {
  if (mpi_result == MPI_SUCCESS) return;
  throw CallFailed{mpi_failure(call, to_error_code(mpi_result), peer)};
}

}  // namespace mpiferry::mpi

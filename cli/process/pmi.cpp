#include "cli/process/pmi.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <netdb.h>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/process/environment.hpp"
#include "cli/process/process_tree.hpp"
#include "engine/base/failure.hpp"

namespace mpiferry::cli {
namespace {

constexpr auto kPmiVariables =
    std::to_array<const char*>({"PMI_FD", "PMI_RANK", "PMI_SIZE", "PMI_PORT", "PMI_ID"});

// Whether nobody on this host listens at PMI_PORT, "HOST:PORT", which some launchers set instead of
// PMI_FD: the address can be bound. An address of another host cannot.
bool is_left_pmi_port() {
  const char* const place = environment_value("PMI_PORT");
  const std::string_view text{place != nullptr ? place : ""};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string host{text.substr(0, colon)};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), text.substr(colon + 1).data(), &hints, &found) != 0) return false;
  bool taken = false;
  bool free = false;
  for (const addrinfo* it = found; it != nullptr; it = it->ai_next) {
    const int probe = ::socket(it->ai_family, it->ai_socktype | SOCK_CLOEXEC, it->ai_protocol);
    const bool bound = ::bind(probe, it->ai_addr, it->ai_addrlen) == 0;
    free = free || bound;
    taken = taken || (!bound && errno == EADDRINUSE);
    ::close(probe);
  }
  ::freeaddrinfo(found);
  return free && !taken;
}

}  // namespace

bool is_connected_to_pmi() {
  const auto channel = environment_number("PMI_FD");
  int type = 0;
  socklen_t length = sizeof type;
  if (!channel || ::getsockopt(*channel, SOL_SOCKET, SO_TYPE, &type, &length) != 0) return false;
  // Nothing waits to be read before MPI_Init.
  pollfd state{*channel, POLLIN, 0};
  return ::poll(&state, 1, 0) == 0;
}

std::string pmi_fault() {
  const bool none = std::ranges::all_of(
      kPmiVariables, [](const char* name) { return environment_value(name) == nullptr; });
  if (none && process_name(starter()) == "hydra_pmi_proxy") {
    return "PMI_FD, PMI_RANK and PMI_SIZE are missing";
  }
  if (!is_connected_to_pmi()) return {};
  const auto size = environment_number("PMI_SIZE");
  const auto rank = environment_number("PMI_RANK");
  if (size && *size > 0 && rank && *rank >= 0 && *rank < *size) return {};
  const char* const name = size && *size > 0 ? "PMI_RANK" : "PMI_SIZE";
  const char* const value = environment_value(name);
  if (value == nullptr) return fmt::format("{} is missing", name);
  return fmt::format("{} is {}", name, mpiferry::quoted(value));
}

void forget_closed_pmi() {
  const bool left =
      environment_value("PMI_FD") != nullptr ? !is_connected_to_pmi() : is_left_pmi_port();
  if (!left) return;
  for (const char* name : kPmiVariables) {
    ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe)
  }
}

}  // namespace mpiferry::cli

// Failures of the destination, with a hint for what the system said.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/failure.hpp"

namespace mpiferry::disk {

// What a user can do about `system_errno`, whatever was done with the file; "" if there is nothing
// to say.
std::string_view system_hint(int system_errno) noexcept;

// The same at a destination.
std::string_view destination_hint(int system_errno) noexcept;

// No room, on the disk or within a quota.
bool is_full(const Failure& failure) noexcept;

// This process, or its host, may open no more files: that says nothing of a file.
bool is_limit_of_open_files(int system_errno) noexcept;

Failure destination_failure(Errc code, std::string path, std::string_view call, int system_errno);

// dest_unusable for what lies there and is only read: with hints for readers.
Failure stored_failure(std::string path, std::string_view call, int system_errno);

}  // namespace mpiferry::disk

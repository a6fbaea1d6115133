// The destination as the user writes it, "out/{rank}" for example, for one rank.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"

namespace mpiferry::disk {

// invalid_argument if a { begins neither {rank} nor {host}: with {hostname} taken literally, all
// ranks would share one directory.
Outcome check_pattern(std::string_view pattern);

// `pattern` with {rank} and {host} replaced; other braces stay. What is put in is not looked
// through again.
std::string expand_destination(std::string_view pattern, Rank rank, std::string_view host);

}  // namespace mpiferry::disk

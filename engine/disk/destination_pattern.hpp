// The destination as the user writes it, "out/{rank}" for example, for one rank.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/units.hpp"

namespace mpiferry::disk {

// `pattern` with {rank} and {host} replaced; other braces stay. What is put in is not looked
// through again.
std::string expand_destination(std::string_view pattern, Rank rank, std::string_view host);

}  // namespace mpiferry::disk

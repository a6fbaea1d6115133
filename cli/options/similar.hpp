// Suggestions for mistyped names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mpiferry::cli {

// The one of `names` that is most like `word`, or nothing if none is. Upper and lower case, '-' and
// '_' are alike; a part of a name counts as that name, if it is a part of only one.
std::string nearest(std::string_view word, const std::vector<std::string>& names);

// "; did you mean --chunk-size?", or nothing.
std::string did_you_mean(const std::string& name);

}  // namespace mpiferry::cli

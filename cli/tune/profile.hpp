// The result of `mpiferry tune` for `mpiferry scatter`. docs/reference/profile.md has the schema.
#pragma once

#include <string>
#include <string_view>

#include "cli/options/scatter_options.hpp"
#include "cli/options/tuning.hpp"
#include "engine/base/result.hpp"

namespace mpiferry::cli {

inline constexpr std::string_view kProfileSchema = "mpiferry.profile/1";

// The chunk size and the window of a profile's text. invalid_argument with a detail that names the
// field.
Result<Tuning> decode_profile(std::string_view text);
// The same of a file; the failure has its path. A missing file is errno ENOENT or ENOTDIR.
Result<Tuning> read_profile(const std::string& path);

struct ProfileUse {
  std::string file = {};     // the chunk size or the window came from it; empty: neither did
  std::string warning = {};  // a line for people: why a profile was not used
};

// Takes what the user has not given from the profile that --profile names:
//   neither chunk size nor window given     both are the profile's
//   the window given                        the chunk size is the profile's
//   the chunk size given                    the window is the profile's if it is the same chunk
//   size
// A file that was named must be a profile: invalid_argument with path and hint. A damaged one at
// the default path is a warning.
Result<ProfileUse> apply_profile(ScatterArguments& arguments);

}  // namespace mpiferry::cli

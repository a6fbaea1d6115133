// What is to be looked at.
#pragma once

#include <string>

#include "engine/job/file_options.hpp"
#include "engine/job/job_options.hpp"

namespace mpiferry {

struct VerifyOptions {
  std::string directory = {};  // what scatter was given, {rank} and {host} included
  std::string against = {};    // a file that the chunks are compared with, too; "": none
  // Of `against`; `digest` is `size` here, as its bytes are compared anyway.
  SourceCheck source_check = SourceCheck::mtime;
  JobOptions job = {};
};

}  // namespace mpiferry

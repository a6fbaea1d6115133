// What is to be brought back.
#pragma once

#include <string>

#include "engine/job/file_options.hpp"
#include "engine/job/job_options.hpp"

namespace mpiferry {

struct GatherOptions {
  std::string directory = {};  // what scatter was given, {rank} and {host} included
  std::string target = {};     // the file to be made; its directory must be there
  bool fsync = false;          // success means: durable
  bool force = false;          // replace `target` if it is there
  // `target` gets the mode, the times and, where that is allowed, the owner that the source had;
  // else only its permission bits, less the umask, if `target` is new, and its own if it is not.
  bool preserve = false;
  Sparse sparse = Sparse::automatic;  // of `target`
  JobOptions job = {};
};

}  // namespace mpiferry

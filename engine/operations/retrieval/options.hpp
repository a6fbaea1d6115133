// What is to be brought back, or looked at.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/job/environment.hpp"
#include "engine/job/file_options.hpp"
#include "engine/wire/job.hpp"

namespace mpiferry {

struct RetrievalOptions {
  std::string directory = {};  // what scatter was given, {rank} and {host} included
  // Chunks asked of one rank at a time, and the most bytes of chunks that one rank holds: as in
  // Options. A gather holds two chunks at least.
  std::optional<std::uint32_t> window = {};
  std::optional<Bytes> memory = {};
  std::uint32_t retries = 3;  // how often a chunk that arrived damaged is asked for again
  std::chrono::milliseconds stall_timeout{60'000};  // 0: wait for ever
  bool handle_signals = false;                      // as in Options
  std::string build = {};                           // as in Options
  wire::Faults faults = {};                         // played on request

  job::SessionOptions session() const {
    return {.stall_timeout = stall_timeout, .build = build, .handle_signals = handle_signals};
  }
};

struct GatherOptions : RetrievalOptions {
  std::string target = {};  // the file to be made; its directory must be there
  bool fsync = false;       // success means: durable
  bool force = false;       // replace `target` if it is there
  // `target` gets the mode, the times and, where that is allowed, the owner that the source had;
  // else only its permission bits, less the umask, if `target` is new, and its own if it is not.
  bool preserve = false;
  Sparse sparse = Sparse::automatic;  // as in Options, for `target`
};

struct VerifyOptions : RetrievalOptions {
  // Of `against`; `digest` is `size` here, as its bytes are compared anyway.
  SourceCheck source_check = SourceCheck::mtime;
  std::string against = {};  // a file that the chunks are compared with, too; "": none
};

}  // namespace mpiferry

// Jobs that bring back what a job has scattered, or look at it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {

class RetrievalTest : public JobTest {
 protected:
  // Makes a source of `size` bytes and scatters it.
  void scatter_bytes(std::uint64_t size, int ranks, const Arguments& arguments = {});
  // mpirun -n RANKS mpiferry gather DEST TARGET, with a report; ranks 0: without mpirun.
  Command gather(int ranks, const Arguments& arguments = {}) const;
  // mpirun -n RANKS mpiferry verify DEST, likewise.
  Command verify(int ranks, const Arguments& arguments = {}) const;

  // The target while it is unfinished.
  std::filesystem::path partial_file() const;
  // The target is the source, byte for byte, and nothing is left beside it.
  void expect_gathered(const Finished& finished) const;
  // gather(), expect_gathered(), and the target is removed.
  void gather_with(int ranks, const Arguments& arguments = {}) const;
  // Exit code, one error with this message, no target, no part of it, nobody left.
  void expect_not_gathered(const Finished& finished, int exit_code,
                           std::string_view message = "") const;
  // Exit code 0 and nothing to complain of.
  void expect_verified(const Finished& finished) const;

  // Rewrites the manifest below `root`.
  void doctor(const std::function<void(Json&)>& change) const;

  std::filesystem::path target = temporary / "target";
};

// The line of `text` that has `words` in it; "" if there is none.
std::string line_with(const std::string& text, std::string_view words);

}  // namespace mpiferry::e2e

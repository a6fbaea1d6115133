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
  // Returns mpirun -n RANKS mpiferry gather DEST TARGET, with a report; 0 ranks: without mpirun.
  Command gather(int ranks, const Arguments& arguments = {}) const;
  // Returns mpirun -n RANKS mpiferry verify DEST, with a report; 0 ranks: without mpirun.
  Command verify(int ranks, const Arguments& arguments = {}) const;

  // The target while it is unfinished.
  std::filesystem::path partial_file() const;
  // The target is the source, byte for byte, and nothing is left beside it.
  void expect_gathered(const Finished& finished) const;
  // gather(), expect_gathered(), and the target is removed.
  void gather_with(int ranks, const Arguments& arguments = {}) const;
  // Checks the exit code, and that there is one error with this message, no target, no part of it
  // and no process left.
  void expect_not_gathered(const Finished& finished, int exit_code,
                           std::string_view message = "") const;
  // Checks that the exit code is 0 and that no discrepancy was reported.
  void expect_verified(const Finished& finished) const;

  // Rewrites the manifest below `root`.
  void doctor(const std::function<void(Json&)>& change) const;

  std::filesystem::path target = temporary / "target";
};

// The line of `text` that has `words` in it; "" if there is none.
std::string line_with(const std::string& text, std::string_view words);

}  // namespace mpiferry::e2e

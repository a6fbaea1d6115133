// One job on a simulated cluster, from the start of its ranks to their ends.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/job/job_report.hpp"
#include "engine/job/master_session.hpp"
#include "engine/job/observer.hpp"
#include "engine/job/worker_session.hpp"
#include "tests/simulation/disks.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/ranks.hpp"

namespace mpiferry::simulation {

class Job {
 public:
  // No other job on this network has this `number`.
  Job(Network& network, Disks& disks, std::uint32_t workers, std::uint64_t number,
      const job::SessionOptions& options, Observer& observer);

  Ranks& ranks() noexcept { return ranks_; }
  job::MasterSession& master() noexcept { return master_; }

  // Whether all ranks have ended, within `most`. Once; `half` is the master's, and made for
  // master().
  bool run(job::MasterHalf& half, Duration most);
  // Returns the reports of all ranks, by rank.
  std::vector<JobReport> reports() const;

 private:
  Network& network_;
  Ranks ranks_;
  job::MasterSession master_;
  std::vector<std::unique_ptr<job::WorkerSession>> workers_;
};

}  // namespace mpiferry::simulation

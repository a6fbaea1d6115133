#include "tests/simulation/job.hpp"

#include "engine/api/worker_half.hpp"

namespace mpiferry::simulation {
Job::Job(Network& network, Disks& disks, std::uint32_t workers, std::uint64_t number,
         const job::SessionOptions& options, Observer& observer)
    : network_(network),
      ranks_(network, disks, static_cast<int>(workers) + 1, number),
      master_(ranks_[kMaster].environment(), options, observer, number) {
  for (std::uint32_t rank = 1; rank <= workers; ++rank) {
    workers_.push_back(std::make_unique<job::WorkerSession>(
        ranks_[Rank{static_cast<int>(rank)}].environment(), options, observer, make_worker_half));
  }
}

bool Job::run(job::MasterHalf& half, Duration most) {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    ranks_[Rank{static_cast<int>(i) + 1}].start(workers_[i]->run());
  }
  ranks_[kMaster].start(master_.run(half));
  const bool ended = ranks_.run(most);
  network_.world().forget();  // what is still on its way belongs to this job's communicator
  return ended;
}

std::vector<JobReport> Job::reports() const {
  std::vector<JobReport> reports{master_.report()};
  for (const auto& worker : workers_) reports.push_back(worker->report());
  return reports;
}

}  // namespace mpiferry::simulation

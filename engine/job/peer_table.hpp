// What the master knows of its workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/units.hpp"
#include "engine/job/job_report.hpp"
#include "engine/wire/job.hpp"
#include "engine/wire/manifest.hpp"

namespace mpiferry::job {

class PeerTable {
 public:
  explicit PeerTable(std::uint32_t workers);

  void on_ready(Rank worker, const wire::Ready& ready);
  void on_closed(Rank worker, const wire::Closed& closed);

  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(peers_.size()); }

  const std::string& host(Rank worker) const { return peer(worker).report.host; }
  const std::string& machine(Rank worker) const { return peer(worker).machine; }
  const std::string& directory(Rank worker) const { return peer(worker).report.directory; }
  bool shares_master_directory(Rank worker) const { return peer(worker).shares; }
  bool some_share_master_directory() const noexcept;
  // XXH3-64 of the worker's stripe; after its `closed`, and if it has one.
  std::optional<std::uint64_t> stripe_digest(Rank worker) const {
    return peer(worker).stripe_digest;
  }

  // The name under which a worker writes the digests of its own chunks: none where the master's
  // sums cover them; XXH3SUMS in a directory of its own; XXH3SUMS.<rank> beside other workers.
  std::string sums_file(Rank worker) const;

  std::vector<JobReport::Worker> reports() const;
  std::vector<wire::Manifest::Worker> manifest_workers() const;

 private:
  struct Peer {
    JobReport::Worker report;
    std::string machine;
    std::string directory_id;
    bool shares = false;
    std::optional<std::uint64_t> stripe_digest;
    bool ready = false;
  };
  Peer& peer(Rank worker) { return peers_[static_cast<std::size_t>(worker.value) - 1]; }
  const Peer& peer(Rank worker) const { return peers_[static_cast<std::size_t>(worker.value) - 1]; }
  std::vector<Peer> peers_;  // worker r at r - 1
  // How many workers write to this directory of this machine: asked for each of them.
  std::map<std::pair<std::string, std::string>, std::size_t> writers_;
};

}  // namespace mpiferry::job

#include "engine/job/peer_table.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "engine/disk/file_name.hpp"

namespace mpiferry::job {

PeerTable::PeerTable(std::uint32_t workers) : peers_(workers) {
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    peers_[i].report.rank = Rank{static_cast<int>(i) + 1};
  }
}

void PeerTable::on_ready(Rank worker, const wire::Ready& ready) {
  Peer& it = peer(worker);
  if (it.ready) --writers_[{it.machine, it.directory_id}];  // it says so again
  ++writers_[{ready.machine, ready.directory_id}];
  it.ready = true;
  it.report.host = ready.host;
  it.machine = ready.machine;
  it.report.directory = ready.directory;
  it.directory_id = ready.directory_id;
  it.shares = ready.shares_master_directory;
}

void PeerTable::on_closed(Rank worker, const wire::Closed& closed) {
  Peer& it = peer(worker);
  it.report.chunks_written = closed.chunks_written;
  it.report.bytes_written = closed.bytes_written;
  it.report.chunks_corrupt = closed.chunks_corrupt;
  it.report.ack_messages = closed.ack_messages;
  it.stripe_digest = closed.stripe_digest;
}

bool PeerTable::some_share_master_directory() const noexcept {
  return std::ranges::any_of(peers_, &Peer::shares);
}

std::string PeerTable::sums_file(Rank worker) const {
  const Peer& it = peer(worker);
  if (it.shares) return "";
  const auto writers = writers_.find({it.machine, it.directory_id});
  return writers != writers_.end() && writers->second > 1
             ? fmt::format("{}.{}", disk::kSumsName, worker.value)
             : std::string{disk::kSumsName};
}

std::vector<JobReport::Worker> PeerTable::reports() const {
  std::vector<JobReport::Worker> out;
  for (const Peer& it : peers_) out.push_back(it.report);
  return out;
}

std::vector<wire::Manifest::Worker> PeerTable::manifest_workers() const {
  std::vector<wire::Manifest::Worker> out;
  for (const Peer& it : peers_) {
    out.push_back({it.report.rank, it.report.host, it.report.directory});
  }
  return out;
}

}  // namespace mpiferry::job

// Rank 0 of a scatter: claims the destination, sends the source's chunks to the workers, publishes
// the manifest.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/buffer_pool.hpp"
#include "engine/job/control.hpp"
#include "engine/job/job_report.hpp"
#include "engine/job/master_half.hpp"
#include "engine/job/master_session.hpp"
#include "engine/job/source_reader.hpp"
#include "engine/operations/scatter/capacity_check.hpp"
#include "engine/operations/scatter/chunk_sender.hpp"
#include "engine/operations/scatter/master_destination.hpp"
#include "engine/operations/scatter/options.hpp"
#include "engine/operations/scatter/report.hpp"
#include "engine/operations/scatter/source_facts.hpp"
#include "engine/plan/layout.hpp"
#include "engine/protocol/held_chunks.hpp"
#include "engine/wire/ack.hpp"

namespace mpiferry::operations {

class ScatterMaster final : public job::MasterHalf {
 public:
  // Both outlive it.
  ScatterMaster(job::MasterSession& session, const ScatterOptions& options);

  job::Task<Outcome> prepare() override;
  void start() override;
  void on_ready(Rank from, const wire::Ready& ready) override;
  bool clears() const override { return destination_.clears(); }
  job::Task<Outcome> clear_destination() override;
  Outcome check_peers() override { return capacity_.check(layout_); }
  job::Task<> transfer() override;
  void on_message(Rank from, const job::Message& message, job::Completion& completion) override;
  void on_tick(clock::Time now) override;
  void on_failed() override;
  wire::End end_message(Rank worker) const override;
  Outcome publish() override;
  void finish() override;
  // Adds what it has done. After the job.
  ScatterReport report(JobReport job) const;

 private:
  job::Task<> source_begins();
  TransferReport transfer_report() const;
  Outcome open_source();
  wire::Job job_message() const;
  Outcome before_send(const protocol::Send& send, Bytes length);
  job::Task<> read_source_again();
  void check_result();
  bool is_complete() const;
  void on_acks(Rank from, std::span<const std::byte> payload);
  void on_ack(Rank from, const wire::Ack& ack);
  Failure unwritten(Rank from, const wire::Ack& ack) const;
  wire::Manifest manifest();

  job::MasterSession& session_;
  const ScatterOptions& options_;
  const plan::Layout layout_;
  BufferPool chunk_pool_;
  std::optional<job::SourceReader> reader_;
  SourceFacts source_;
  MasterDestination destination_;
  CapacityCheck capacity_;
  job::NoticeSender notices_;
  std::optional<std::uint64_t> chunks_;              // nothing: a stream that has not ended
  std::optional<protocol::HeldChunks> held_chunks_;  // --resume
  std::vector<Failure> warnings_;                    // --reroute: workers that could not write
  std::optional<ChunkSender> sender_;
};

}  // namespace mpiferry::operations

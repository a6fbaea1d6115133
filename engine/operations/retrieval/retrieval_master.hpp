// Rank 0 when chunks are read back: reads the manifest, hears who sees what, asks for the chunks
// one after the other, and reads those that only it can see. What becomes of them is the
// consumer's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/job/job_options.hpp"
#include "engine/job/master_half.hpp"
#include "engine/job/master_session.hpp"
#include "engine/job/transfer_report.hpp"
#include "engine/operations/retrieval/answer_receives.hpp"
#include "engine/operations/retrieval/chunk_consumer.hpp"
#include "engine/operations/retrieval/chunk_fetch.hpp"
#include "engine/operations/retrieval/chunk_reader.hpp"
#include "engine/operations/retrieval/discrepancies.hpp"
#include "engine/operations/retrieval/local_reads.hpp"
#include "engine/operations/retrieval/memory_plan.hpp"
#include "engine/operations/retrieval/peer_surveys.hpp"
#include "engine/operations/retrieval/read_requests.hpp"
#include "engine/wire/manifest.hpp"

namespace mpiferry::operations {

class RetrievalMaster final : public job::MasterHalf {
 public:
  // All outlive it. `destination`: what scatter was given, {rank} and {host} included.
  RetrievalMaster(job::MasterSession& session, const std::string& destination,
                  const JobOptions& options, ChunkConsumer& consumer);

  bool posts_receives() const override { return consumer_.wants_chunks(); }
  job::Task<Outcome> prepare() override;
  void start() override;
  job::Task<> transfer() override;
  void on_message(Rank from, const job::Message& message, job::Completion& completion) override;
  void on_tick(clock::Time now) override;
  void on_failed() override;
  wire::End end_message(Rank worker) const override;
  Outcome publish() override { return consumer_.publish(); }
  // After the job. What the consumer has found is not in it.
  TransferReport report() const;

  // What follows is the consumer's.
  job::MasterSession& session() const noexcept { return session_; }
  const wire::Manifest& manifest() const noexcept { return manifest_; }
  std::uint64_t chunks() const noexcept { return manifest_.chunk_digests.size(); }
  // In memory at once, when chunks are wanted.
  std::size_t buffers() const noexcept { return memory_.buffers; }
  void on_stored(ChunkIndex chunk, Bytes length) { fetch_->on_stored(chunk, length); }
  Bytes bytes_done() const noexcept { return fetch_ ? fetch_->bytes_done() : 0_B; }
  // Whether it is, on this host, one of those that chunks or the manifest are looked for in.
  bool is_looked_in(const disk::Directory& directory) const;

 private:
  Outcome check_options() const;
  Outcome read_manifest();
  wire::RetrievalJob job_message() const;
  Outcome check_job_message() const;
  job::Task<> survey();
  void dispatch(Rank from, const job::Message& message, job::Completion& completion);
  template <class Told>
  void on_told(Rank from, Result<Told> told);

  job::MasterSession& session_;
  const std::string& destination_;
  const JobOptions& options_;
  ChunkConsumer& consumer_;
  const std::string directory_;  // this rank's
  wire::Manifest manifest_;
  RetrievalMemory memory_;
  std::optional<AnswerReceives> receives_;  // when chunks are wanted
  PeerSurveys surveys_;
  std::optional<ChunkReader> reader_;
  std::optional<LocalReads> own_;
  std::optional<Discrepancies> discrepancies_;
  ReadRequests requests_;
  std::optional<ChunkFetch> fetch_;  // once all surveys are complete
};

}  // namespace mpiferry::operations

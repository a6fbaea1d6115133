// Rank 0 once every rank has told what it sees: asks for the chunks one after the other, and reads
// those that only it can see.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "engine/job/master_session.hpp"
#include "engine/operations/retrieval/answer_receives.hpp"
#include "engine/operations/retrieval/chunk_consumer.hpp"
#include "engine/operations/retrieval/discrepancies.hpp"
#include "engine/operations/retrieval/local_reads.hpp"
#include "engine/operations/retrieval/read_requests.hpp"
#include "engine/plan/chunk_locations.hpp"
#include "engine/protocol/fetcher.hpp"
#include "engine/wire/manifest.hpp"

namespace mpiferry::operations {

// What a fetch works with. All of it outlives it.
struct FetchParts {
  job::MasterSession& session;
  ChunkConsumer& consumer;
  const wire::Manifest& manifest;
  const plan::ChunkLocations& locations;
  const Discrepancies& discrepancies;
  LocalReads& own;
  ReadRequests& requests;
  AnswerReceives* receives;  // null if only digests are wanted
};

// Not thread-safe.
class ChunkFetch {
 public:
  ChunkFetch(const FetchParts& parts, const protocol::FetcherConfig& config);

  // Comes back when every chunk is accepted or rejected and the consumer has concluded, or the job
  // has failed.
  job::Task<> run();
  // A message of a worker, of kind chunk or read_replies.
  void on_chunk(Rank from, const job::Message& message, job::Completion& completion);
  void on_replies(Rank from, std::span<const std::byte> payload);
  // The consumer has done with the lease of a chunk.
  void on_stored(ChunkIndex chunk, Bytes length);

  const protocol::Fetcher& fetcher() const noexcept { return fetcher_; }
  Bytes bytes_done() const noexcept { return bytes_done_; }
  Bytes bytes_rejected() const noexcept { return bytes_rejected_; }

 private:
  protocol::FetcherConfig with_holders(protocol::FetcherConfig config) const;
  job::Task<> check_holders();
  bool take_turn();
  bool ask();
  void ask(const protocol::Fetch& fetch);
  wire::ReadRequest request_of(const protocol::Fetch& fetch) const;
  bool read_own();
  void on_reply(Rank from, const wire::ReadReply& reply, Lease lease);
  void settle(Rank from, protocol::FetchEffect effect, const wire::ReadReply& reply, Lease lease);
  void give_up_on(ChunkIndex chunk);
  void reject(Discrepancy discrepancy);
  std::uint64_t chunks() const noexcept { return it_.manifest.chunk_digests.size(); }
  Bytes length_of(ChunkIndex chunk) const noexcept;
  std::optional<Rank> holder(ChunkIndex chunk, std::uint32_t n) const;

  const FetchParts it_;
  const std::uint32_t retries_;
  protocol::Fetcher fetcher_;
  Bytes bytes_done_;
  Bytes bytes_rejected_;
};

}  // namespace mpiferry::operations

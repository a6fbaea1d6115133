// Rank 0 when chunks are brought back: reads the manifest, hears who sees what, asks for the chunks
// one after the other, and reads those that only it can see. What becomes of them is for those who
// derive from it.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/buffer_pool.hpp"
#include "engine/plan/chunk_locations.hpp"
#include "engine/protocol/fetcher.hpp"
#include "engine/roles/chunk_reader.hpp"
#include "engine/roles/master.hpp"
#include "engine/roles/retrieval_options.hpp"
#include "engine/wire/manifest.hpp"

namespace mpiferry::roles {

class RetrievalMaster : public Master {
 protected:
  // `deliver`: the chunks themselves are wanted. `spare_master`: plan::ChunkLocations.
  RetrievalMaster(mpi::MpiContext& context, const mpi::Communicator& communicator,
                  const RetrievalOptions& options, Observer& observer, bool deliver,
                  bool spare_master);

  // Once the manifest is read: what else has to be found out before the workers are invited.
  virtual Outcome open() = 0;
  // A chunk is as it was scattered. `lease` holds it if chunks are delivered, and on_stored() is to
  // be called when it is free again.
  virtual void accept(ChunkIndex chunk, Bytes length, Lease lease) = 0;
  // A chunk is not, wherever it was looked for.
  virtual void lose(Report::Discrepancy discrepancy) = 0;
  // A file has no place there.
  virtual void on_extra(Report::Discrepancy discrepancy) = 0;
  // A slice of other work. False if there is none now.
  virtual bool work() = 0;
  // All chunks are accepted or lost, and no work is left.
  virtual void conclude() = 0;
  virtual bool working() const = 0;
  // How far other work has come that reads as much, if there is some: progress is that of both.
  virtual std::optional<Bytes> also_read() const { return std::nullopt; }

  void on_stored(ChunkIndex chunk, Bytes length);
  Bytes bytes_done() const noexcept { return bytes_done_; }
  Bytes length_of(ChunkIndex chunk) const noexcept;
  Bytes chunk_size() const noexcept { return manifest_.chunk_size; }
  std::uint64_t chunks() const noexcept { return manifest_.chunk_digests.size(); }
  // Whether it is, on this host, one of those that chunks or the manifest are looked for in.
  bool is_looked_in(const disk::Directory& directory) const;
  // In memory at once, when chunks are delivered.
  std::size_t buffers() const noexcept { return buffers_; }
  void add_to(Report& report) const override;

  wire::Manifest manifest_;
  std::optional<protocol::Fetcher> fetcher_;

 private:
  struct Sent {
    RetrievalMaster* self;
    void operator()(const mpi::ErrorCode& error, mpi::Completion completion) const;
  };
  struct Survey {           // what a worker tells of what it sees
    std::uint64_t all = 0;  // messages; 0: not known yet
    std::uint64_t heard = 0;
    std::vector<std::pair<std::uint32_t, wire::SeenChunks>> all_seen;  // until all were heard
    bool complete() const noexcept { return all != 0 && heard == all; }
  };
  struct Local {  // what this rank reads itself
    protocol::Fetch fetch;
    Lease lease;
  };

  // retrieval_preparation.cpp: before the first request
  Task<Outcome> prepare() override;
  Outcome read_manifest();
  void plan_memory();
  void begin_listening() override;
  void on_failed() override;
  void listen_enough();
  void send_job() override;

  // retrieval_master.cpp: requests
  wire::End end_message(Rank worker) const override;
  Outcome publish() override { return Nothing{}; }
  Task<> transfer() override;
  Task<> check_holders();
  void give_up_on(ChunkIndex chunk);
  bool ask();
  void ask(const protocol::Fetch& fetch);
  void send_requests();
  bool read_on();
  void on_lost(Report::Discrepancy discrepancy);
  void on_tick(protocol::Time now) override;
  void watch_surveys(protocol::Time now);

  // retrieval_answers.cpp: what comes back
  void hear_more(Rank from, const Message& message, mpi::Completion& completion) override;
  // Workers are looking for what they see, and tell.
  bool surveying() const noexcept { return chunk_reader_ && !fetcher_; }
  Survey& survey_of(Rank worker) { return surveys_[static_cast<std::size_t>(worker.value) - 1]; }
  bool count(Rank from, const wire::Header& header);
  void take_holdings(Rank from);
  void hear_answer(Rank from, const Message& message, mpi::Completion& completion);
  void hear_chunk(Rank from, const Message& message, mpi::Completion& completion);
  void hear_finding(Rank from, const wire::ReadReply& reply, Lease lease);
  void tell_extras();
  bool is_moved_chunk(std::uint32_t directory, std::string_view name) const;
  void tell_extra(Rank from, std::uint32_t directory, std::string_view name);
  void tell_strays(Rank from);
  void settle(Rank from, ChunkIndex chunk, protocol::FetchEffect effect,
              const wire::ReadReply& reply, Lease lease);
  Report::Discrepancy flaw_of(Rank from, const wire::ReadReply& reply) const;
  Report::Discrepancy missing(ChunkIndex chunk) const;
  Failure unopened(Rank from, const wire::ReadReply& reply) const;
  std::optional<Failure> unseen_place_of(ChunkIndex chunk) const;
  std::string path_of(ChunkIndex chunk) const;
  std::uint32_t directory_of(ChunkIndex chunk) const;
  const std::string& host_of(Rank rank) const;

  const RetrievalOptions& options_;
  const bool deliver_;
  std::string directory_;
  std::optional<wire::RetrievalJob> job_;
  std::optional<ChunkReader> chunk_reader_;
  std::vector<Survey> surveys_;                  // of worker r at r - 1
  std::optional<protocol::Time> waiting_since_;  // for the last survey
  plan::ChunkLocations locations_;
  std::vector<std::pair<Rank, wire::ExtraFiles>> extras_;
  std::uint32_t window_ = 1;
  std::size_t buffers_ = 1;
  std::size_t spare_ = 0;  // receives beyond those for chunks
  std::optional<BufferPool> pool_;
  std::optional<BufferPool> requests_pool_;
  std::vector<std::vector<wire::ReadRequest>> requests_;  // by rank, to be sent together
  std::vector<Rank> asked_;                               // with requests to be sent
  std::deque<protocol::Fetch> own_;                       // to be read here
  std::optional<Local> reading_;
  std::vector<std::byte> scratch_;
  Bytes bytes_done_;
  Bytes bytes_lost_;
};

}  // namespace mpiferry::roles

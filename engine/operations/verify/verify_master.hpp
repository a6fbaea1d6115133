// Rank 0 of a verification: counts what is right, lists what is not, compares with a file on
// request. Nothing is written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/buffer_pool.hpp"
#include "engine/job/source_reader.hpp"
#include "engine/operations/retrieval/chunk_consumer.hpp"
#include "engine/operations/retrieval/retrieval_master.hpp"
#include "engine/operations/verify/options.hpp"
#include "engine/operations/verify/report.hpp"

namespace mpiferry::operations {

class VerifyMaster final : public ChunkConsumer {
 public:
  // `options` outlives it.
  explicit VerifyMaster(const VerifyOptions& options) : options_(options) {}

  bool wants_chunks() const override { return false; }
  // A master that reads another file has enough to do.
  bool spares_master() const override { return !options_.against.empty(); }
  Outcome open(RetrievalMaster& retrieval) override;
  void accept(ChunkIndex chunk, Bytes length, Lease lease) override;
  void reject(Discrepancy discrepancy) override;
  void on_extra(Discrepancy discrepancy) override;
  bool work() override;
  bool working() const override { return comparing_; }
  std::optional<Bytes> also_read() const override;
  void conclude() override;
  VerifyReport report(JobReport job, TransferReport transfer) const;

 private:
  void note(Discrepancy discrepancy);
  void advise(const Discrepancy& discrepancy);
  void compare();

  const wire::Manifest& manifest() const noexcept { return retrieval_->manifest(); }
  const std::string& host() const { return retrieval_->session().host(kMaster); }

  const VerifyOptions& options_;
  RetrievalMaster* retrieval_ = nullptr;
  std::optional<job::SourceReader> reader_;  // of the file to compare with
  std::optional<BufferPool> buffer_;         // one chunk of it
  ChunkIndex next_;                          // to be read there
  bool reading_ = false;
  bool comparing_ = false;
  VerifyReport found_;              // counts and discrepancies
  std::vector<std::string> hints_;  // each once
  bool from_source_ = false;        // scatter can repair something
};

}  // namespace mpiferry::operations

// Rank 0 of a verification: counts what is right, lists what is not, compares with a file on
// request. Nothing is written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/buffer_pool.hpp"
#include "engine/roles/retrieval_master.hpp"
#include "engine/roles/source_reader.hpp"

namespace mpiferry::roles {

class VerifyMaster final : public RetrievalMaster {
 public:
  VerifyMaster(mpi::MpiContext& context, const mpi::Communicator& communicator,
               const VerifyOptions& options, Observer& observer);

 private:
  Outcome open() override;
  void accept(ChunkIndex chunk, Bytes length, Lease lease) override;
  void lose(Report::Discrepancy discrepancy) override;
  void on_extra(Report::Discrepancy discrepancy) override;
  bool work() override;
  bool working() const override { return comparing_; }
  std::optional<Bytes> also_read() const override;
  void conclude() override;
  void add_to(Report& report) const override;
  void note(Report::Discrepancy discrepancy);
  void advise(const Report::Discrepancy& discrepancy);
  void compare();

  const VerifyOptions& options_;
  std::optional<SourceReader> reader_;  // of the file to compare with
  std::optional<BufferPool> buffer_;    // one chunk of it
  ChunkIndex next_;                     // to be read there
  bool reading_ = false;
  bool comparing_ = false;
  Report found_;                    // counts and flaws
  std::vector<std::string> hints_;  // to each other different
};

}  // namespace mpiferry::roles

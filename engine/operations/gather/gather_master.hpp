// Rank 0 of a gather: digests the chunks in their order, writes them into one file, and publishes
// it if it is what was scattered.
#pragma once

#include <atomic>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/disk/directory.hpp"
#include "engine/disk/offset_partial_file.hpp"
#include "engine/disk/stream_target.hpp"
#include "engine/operations/gather/file_writer.hpp"
#include "engine/operations/gather/options.hpp"
#include "engine/operations/gather/report.hpp"
#include "engine/operations/retrieval/chunk_consumer.hpp"
#include "engine/operations/retrieval/retrieval_master.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry::operations {

class GatherMaster final : public ChunkConsumer {
 public:
  // `options` outlives it.
  explicit GatherMaster(const GatherOptions& options) : options_(options) {}
  // No unfinished file stays.
  ~GatherMaster() override;

  bool wants_chunks() const override { return true; }
  bool spares_master() const override { return true; }
  Outcome open(RetrievalMaster& retrieval) override;
  void accept(ChunkIndex chunk, Bytes length, Lease lease) override;
  void reject(Discrepancy discrepancy) override;
  void on_extra(Discrepancy /*discrepancy*/) override {}  // verify tells them
  bool work() override;
  bool working() const override { return writer_ && writer_->pending() > 0; }
  void conclude() override;
  Outcome publish() override;
  GatherReport report(JobReport job, TransferReport transfer) const;

 private:
  std::string hint_for(const Discrepancy& discrepancy) const;
  struct InHand {
    ChunkIndex chunk;
    Bytes length;
    Lease lease;
  };
  void on_written(ChunkIndex chunk, Bytes length, Lease lease, disk::WriteError error);
  Outcome open_file();
  disk::WriteError put(Bytes offset, std::span<const std::byte> bytes,
                       const std::atomic<bool>& stop);
  Failure write_failed(disk::WriteError error) const;
  std::string poured() const;
  void take_attributes();

  const wire::Manifest& manifest() const noexcept { return retrieval_->manifest(); }

  const GatherOptions& options_;
  RetrievalMaster* retrieval_ = nullptr;
  std::string path_;  // of FILE, without links
  std::string folder_;
  std::string name_;
  std::optional<disk::Directory> directory_;
  std::optional<disk::OffsetPartialFile> file_;  // one of the two
  std::optional<disk::StreamTarget> stream_;
  std::uint32_t mode_ = wire::kAnyMode;
  disk::FileStamp stamp_;
  std::vector<InHand> in_hand_;  // chunk i at i % size; an empty lease: it is not there yet
  ChunkIndex next_;              // to be digested and written
  std::size_t digested_ = 0;     // bytes of it
  wire::FileDigest digest_;
  bool sparse_ = false;  // holes stay holes; the writer looks at it
  bool right_ = false;   // everything is there, and is what was scattered
  std::optional<FileWriter> writer_;
};

}  // namespace mpiferry::operations

#include "engine/operations/verify/verify_master.hpp"

#include <algorithm>
#include <utility>

#include <fmt/ranges.h>

#include "engine/disk/source.hpp"
#include "engine/operations/retrieval/repair_hint.hpp"

namespace mpiferry::operations {
namespace {

constexpr std::size_t kMaxDiscrepancies = 10'000;
constexpr const char* kNameAFile = "name a file for `against`";

}  // namespace

Outcome VerifyMaster::open(RetrievalMaster& retrieval) {
  retrieval_ = &retrieval;
  if (options_.against.empty()) return Nothing{};
  auto source = disk::Source::open(retrieval.session().environment().storage,
                                   retrieval.session().environment().io(), options_.against);
  if (!source) {
    Failure& failure = source.error();
    if (failure.code == Errc::source_not_a_file) failure.hint = kNameAFile;
    return std::move(failure);
  }
  if (source->is_stream()) {
    return Failure{.code = Errc::source_not_a_file,
                   .path = options_.against,
                   .detail = "a stream, and the chunks can only be compared with a file",
                   .hint = kNameAFile};
  }
  if (*source->size() != manifest().size) {
    note({.kind = Discrepancy::Kind::differs,
          .rank = kMaster,
          .host = host(),
          .path = options_.against,
          .detail = fmt::format("it has {} bytes, what was scattered had {}", source->size()->value,
                                manifest().size.value)});
    return Nothing{};  // no chunk behind the first difference is worth a look
  }
  reader_.emplace(std::move(*source), manifest().chunk_size);
  buffer_.emplace(manifest().chunk_size, 1);
  comparing_ = retrieval_->chunks() > 0;
  return Nothing{};
}

void VerifyMaster::accept(ChunkIndex chunk, Bytes length, Lease /*lease*/) {
  retrieval_->on_stored(chunk, length);
}

void VerifyMaster::reject(Discrepancy discrepancy) { note(std::move(discrepancy)); }
void VerifyMaster::on_extra(Discrepancy discrepancy) { note(std::move(discrepancy)); }

void VerifyMaster::note(Discrepancy discrepancy) {
  switch (discrepancy.kind) {
    case Discrepancy::Kind::missing:
      if (found_.chunks_missing++ == 0) advise(discrepancy);  // the others have the same repair
      break;
    case Discrepancy::Kind::damaged:
      ++found_.chunks_damaged;
      advise(discrepancy);
      break;
    case Discrepancy::Kind::differs:
      ++found_.chunks_differing;
      break;
    case Discrepancy::Kind::extra:
      ++found_.extra_files;
      break;
  }
  if (found_.discrepancies.size() < kMaxDiscrepancies)
    found_.discrepancies.push_back(std::move(discrepancy));
}

void VerifyMaster::advise(const Discrepancy& discrepancy) {
  RepairHint repair = repair_hint(discrepancy, manifest(), options_.directory);
  from_source_ = from_source_ || repair.from_source;
  if (repair.first.empty() || std::ranges::find(hints_, repair.first) != hints_.end()) return;
  hints_.push_back(std::move(repair.first));
}

bool VerifyMaster::work() {
  if (!comparing_) return false;
  compare();
  return true;
}

std::optional<Bytes> VerifyMaster::also_read() const {
  return comparing_ ? std::optional{Bytes{next_.value * manifest().chunk_size.value}}
                    : std::nullopt;
}

// A slice of the file.
void VerifyMaster::compare() {
  if (!std::exchange(reading_, true)) reader_->begin(next_, *buffer_->try_acquire());
  switch (reader_->step()) {
    case job::SourceReader::Step::more:
      return;
    case job::SourceReader::Step::ready: {
      const std::uint64_t expected = manifest().chunk_digests[next_.value];
      if (reader_->digest() != expected) {
        note({.kind = Discrepancy::Kind::differs,
              .chunk = next_,
              .rank = kMaster,
              .host = host(),
              .path = options_.against,
              .detail = fmt::format("its digest there is {}, the manifest says {}",
                                    wire::to_hex(reader_->digest()), wire::to_hex(expected))});
      }
      reader_->abandon();
      reading_ = false;
      comparing_ = ++next_.value < retrieval_->chunks();
      return;
    }
    case job::SourceReader::Step::end:  // it has been cut: conclude() says so
      reader_->abandon();
      comparing_ = false;
      return;
    case job::SourceReader::Step::blocked:
    case job::SourceReader::Step::failed:
      return retrieval_->session().fail(reader_->failure());
  }
}

void VerifyMaster::conclude() {
  if (reader_) {
    if (Outcome same =
            reader_->source().check_unchanged(options_.source_check == SourceCheck::mtime);
        !same) {
      return retrieval_->session().fail(std::move(same.error()));
    }
  }
  // Chunk by chunk the same, and yet another whole: then the manifest contradicts itself.
  if (reader_ && found_.chunks_differing == 0 && reader_->file_digest() != manifest().digest) {
    note({.kind = Discrepancy::Kind::differs,
          .rank = kMaster,
          .host = host(),
          .path = options_.against,
          .detail =
              fmt::format("its digest is {}, the manifest says {}",
                          wire::to_hex(reader_->file_digest()), wire::to_hex(manifest().digest))});
  }
  const auto counts = {found_.chunks_missing, found_.chunks_damaged, found_.chunks_differing};
  if (std::ranges::all_of(counts, [](std::uint64_t count) { return count == 0; })) return;
  std::string detail;
  const auto count = [&detail](std::uint64_t chunks, const char* what) {
    if (chunks == 0) return;
    detail += fmt::format("{}{} {}", detail.empty() ? "" : ", ", chunks, what);
  };
  count(found_.chunks_missing,
        found_.chunks_missing == 1 ? "chunk is missing" : "chunks are missing");
  count(found_.chunks_damaged,
        found_.chunks_damaged == 1 ? "chunk is damaged" : "chunks are damaged");
  count(found_.chunks_differing, found_.chunks_differing == 1 ? "difference" : "differences");
  if (from_source_) {
    hints_.push_back((hints_.empty() ? "" : "then ") + repair_from_source(manifest()));
  }
  if (found_.chunks_differing > 0) {
    detail += fmt::format(" from {}", mpiferry::quoted(options_.against));
    // Or it is the wrong file, and what is there is right.
    hints_.push_back(
        fmt::format("if {} is what {} should hold, scatter `resume` brings it there; "
                    "otherwise name another file for `against`",
                    mpiferry::quoted(options_.against), mpiferry::quoted(options_.directory)));
  }
  retrieval_->session().fail({.code = found_.chunks_missing > 0   ? Errc::chunk_missing
                                      : found_.chunks_damaged > 0 ? Errc::chunk_damaged
                                                                  : Errc::file_differs,
                              .path = options_.directory,
                              .detail = std::move(detail),
                              .hint = fmt::format("{}", fmt::join(hints_, "; "))});
}

VerifyReport VerifyMaster::report(JobReport job, TransferReport transfer) const {
  VerifyReport report = found_;
  report.job = std::move(job);
  report.transfer = std::move(transfer);
  if (!reader_) report.transfer.digest.reset();  // that of the whole was not looked at
  report.against = options_.against;
  return report;
}

}  // namespace mpiferry::operations

#include "engine/operations/gather/gather_master.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/file_name.hpp"
#include "engine/disk/link_target.hpp"
#include "engine/job/preflight.hpp"
#include "engine/job/source_reader.hpp"
#include "engine/operations/retrieval/repair_hint.hpp"
#include "engine/plan/chunk_plan.hpp"

namespace mpiferry::operations {
namespace {

// The directory is the user's, and so may be FILE.part: a browser's, another program's. What a
// gather that was killed has left is found by this name and removed.
std::string private_partial_name(std::string_view name) {
  constexpr std::size_t kMaxOfName = 240;  // with what is added less than NAME_MAX
  return fmt::format(".{}.mpiferry.part", name.substr(0, kMaxOfName));
}

}  // namespace

GatherMaster::~GatherMaster() {
  writer_.reset();
  if (file_) file_->discard();
}

Outcome GatherMaster::open(RetrievalMaster& retrieval) {
  retrieval_ = &retrieval;
  storage::Storage& storage = retrieval.session().environment().storage;
  if (disk::is_stream_target(storage, options_.target)) {
    auto stream =
        disk::StreamTarget::open(storage, options_.target, manifest().size, options_.force);
    if (!stream) return std::move(stream.error());
    stream_.emplace(std::move(*stream));
  } else if (Outcome opened = open_file(); !opened) {
    return opened;
  }
  in_hand_.resize(retrieval.buffers());
  auto thread = retrieval.session().environment().threads.start();
  if (!thread) return std::move(thread.error());
  writer_.emplace(
      retrieval.session().environment().io(), std::move(*thread),
      [this](Bytes offset, std::span<const std::byte> bytes, const std::atomic<bool>& stop) {
        return put(offset, bytes, stop);
      },
      [this](ChunkIndex chunk, Bytes length, Lease lease, disk::WriteError error) {
        on_written(chunk, length, std::move(lease), error);
      });
  return Nothing{};
}

// A link stays one: what it leads to is replaced. One to nothing is refused.
Outcome GatherMaster::open_file() {
  storage::Storage& storage = retrieval_->session().environment().storage;
  auto target = disk::link_target(storage, options_.target);
  if (!target) return std::move(target.error());
  path_ = *std::move(target);
  const std::size_t slash = path_.rfind('/');
  name_ = path_.substr(slash == std::string::npos ? 0 : slash + 1);
  folder_ = slash == std::string::npos ? "." : path_.substr(0, std::max<std::size_t>(slash, 1));
  auto directory = disk::Directory::open_existing(storage, folder_);
  if (!directory) {
    directory.error().hint = "FILE's directory must be there: make it, or name another";
    return std::move(directory.error());
  }
  directory_.emplace(std::move(*directory));
  if (disk::is_directory(storage, path_)) {
    return disk::destination_failure(Errc::dest_unusable, options_.target, "open", EISDIR);
  }
  // In any case: the directory may ignore it.
  const disk::FileKind kind = disk::file_kind(disk::in_our_spelling(name_));
  if (kind != disk::FileKind::foreign && retrieval_->is_looked_in(*directory_)) {
    return Failure{.code = Errc::invalid_argument,
                   .path = options_.target,
                   .detail = "this has a name of the files that are gathered, and lies among them",
                   .hint = "name another file"};
  }
  if (!options_.force && directory_->exists(name_)) {
    return Failure{.code = Errc::dest_occupied,
                   .path = options_.target,
                   .detail = "it exists already",
                   .hint = "name another file, or replace this one with `force`"};
  }
  take_attributes();
  sparse_ = manifest().data.has_value() && options_.sparse == Sparse::automatic;
  auto file = disk::OffsetPartialFile::open(*directory_, name_, disk::OpenMode::create,
                                            private_partial_name(name_), mode_);
  if (!file) return std::move(file.error());
  file_.emplace(std::move(*file));
  // Space is not reserved: for a file that one rank writes from the front, that only takes time.
  const Bytes data = sparse_ ? *manifest().data : manifest().size;
  return job::check_capacity(*directory_, options_.target, data);
}

// On the writer's thread. Chunks come in their order.
disk::WriteError GatherMaster::put(Bytes offset, std::span<const std::byte> bytes,
                                   const std::atomic<bool>& stop) {
  if (stream_) return stream_->write(bytes, stop);
  return sparse_ ? file_->write_sparse(offset, bytes, /*over=*/false) : file_->write(offset, bytes);
}

// As cp has it: a new file gets the source's permissions less the umask, one that is replaced keeps
// its own and its owner. --preserve: what scatter saw.
void GatherMaster::take_attributes() {
  if (manifest().attributes) mode_ = manifest().attributes->mode;
  if (options_.preserve && manifest().attributes) {
    stamp_ = disk::FileStamp::of(*manifest().attributes);
  } else if (auto replaced = disk::FileStamp::of_file(directory_->storage(), path_)) {
    stamp_ = *std::move(replaced);
  }
  mode_ = disk::mode_before(stamp_, mode_);
}

void GatherMaster::accept(ChunkIndex chunk, Bytes length, Lease lease) {
  in_hand_[chunk.value % in_hand_.size()] = {chunk, length, std::move(lease)};
}

// The next chunk, if it is there: digested while it is warm, then the writer's.
bool GatherMaster::work() {
  if (next_.value == retrieval_->chunks()) return false;
  InHand& next = in_hand_[next_.value % in_hand_.size()];
  if (!next.lease) return false;
  const auto slice = next.lease.payload().subspan(
      digested_, std::min<std::size_t>(job::kSlice, next.length.value - digested_));
  digest_.update(slice);
  digested_ += slice.size();
  if (digested_ < next.length.value) return true;
  digested_ = 0;
  writer_->give(next_, plan::offset(next_, manifest().chunk_size), next.length,
                std::move(next.lease));
  ++next_.value;
  return true;
}

void GatherMaster::on_written(ChunkIndex chunk, Bytes length, Lease lease, disk::WriteError error) {
  lease.reset();
  if (error) {
    retrieval_->session().fail(write_failed(error));
  } else if (!retrieval_->session().failed()) {
    retrieval_->on_stored(chunk, length);
  }
  retrieval_->session().changed().notify();
}

Failure GatherMaster::write_failed(disk::WriteError error) const {
  const std::string path = file_ && *file_          ? file_->path()
                           : options_.target == "-" ? "standard output"
                                                    : options_.target;
  Failure failure = disk::destination_failure(Errc::dest_write_failed, path,
                                              wire::call_name(error.call), error.system_errno);
  failure.detail = poured();
  return failure;
}

// What a stream has got before a failure cannot be taken back.
std::string GatherMaster::poured() const {
  if (!stream_ || retrieval_->bytes_done() == 0_B) return {};
  return fmt::format("after {} of {} bytes were written to it", retrieval_->bytes_done().value,
                     manifest().size.value);
}

void GatherMaster::reject(Discrepancy discrepancy) {
  const bool missing = discrepancy.kind == Discrepancy::Kind::missing;
  retrieval_->session().fail(
      {.code = missing ? Errc::chunk_missing : Errc::chunk_damaged,
       .rank = discrepancy.rank,
       .host = discrepancy.host,
       .path = discrepancy.path,
       .call = discrepancy.call,
       .system_errno = discrepancy.system_errno,
       .detail =
           fmt::format("chunk {} is {}{}{}{}{}", discrepancy.chunk->value,
                       missing ? "missing" : "damaged", discrepancy.detail.empty() ? "" : ": ",
                       discrepancy.detail, poured().empty() ? "" : ", ", poured()),
       .hint = hint_for(discrepancy)});
}

std::string GatherMaster::hint_for(const Discrepancy& discrepancy) const {
  const RepairHint repair = repair_hint(discrepancy, manifest(), options_.directory);
  std::string hint = "mpiferry verify lists all that is wrong";
  if (!repair.first.empty()) hint += "; " + repair.first;
  if (repair.from_source) hint += "; then " + repair_from_source(manifest());
  return hint;
}

void GatherMaster::conclude() {
  right_ = digest_.value() == manifest().digest;
  if (right_) return;
  retrieval_->session().fail(
      {.code = Errc::file_differs,
       .path = options_.target,
       .detail = fmt::format("all chunks are as the manifest says, but the file's digest is {} "
                             "and not {}: the manifest contradicts itself",
                             wire::to_hex(digest_.value()), wire::to_hex(manifest().digest)),
       .hint = "scatter again"});
}

Outcome GatherMaster::publish() {
  if (!right_) return Nothing{};
  if (stream_) {
    const auto error = stream_->finish(options_.fsync);
    return error ? Outcome{write_failed(error)} : Outcome{Nothing{}};
  }
  const auto error = file_->publish(manifest().size, options_.fsync, options_.force, stamp_);
  if (error && error.system_errno == EEXIST && !options_.force) {
    return Failure{.code = Errc::dest_occupied,
                   .path = options_.target,
                   .detail = "a file of this name appeared while this one was gathered",
                   .hint = "name another file, or replace that one with `force`"};
  }
  if (error) return write_failed(error);
  return options_.fsync ? directory_->sync() : Outcome{Nothing{}};
}

GatherReport GatherMaster::report(JobReport job, TransferReport transfer) const {
  return {.job = std::move(job), .transfer = std::move(transfer), .target = options_.target};
}

}  // namespace mpiferry::operations

#include "engine/operations/retrieval/chunk_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "engine/disk/file_name.hpp"
#include "engine/disk/stale_file_scan.hpp"
#include "engine/job/source_reader.hpp"
#include "engine/plan/chunk_plan.hpp"
#include "engine/plan/chunk_set.hpp"
#include "engine/plan/layout.hpp"

namespace mpiferry::operations {
namespace {

// Files that stay open: a stripe's chunks are asked for one after the other.
constexpr std::size_t kMaxOpen = 8;
// Names looked at between two turns of the event loop.
constexpr int kNames = 256;
// Names of extra files in one message, as long as JSON can make them: six bytes for a control
// character, and what goes around a name. One more name is added than these.
constexpr std::size_t kExtraBytes = (24_KiB).value;
constexpr std::size_t encoded_size(std::string_view name) { return 6 * name.size() + 16; }
constexpr std::size_t kMaxName = 255;
static_assert(kExtraBytes + 6 * kMaxName + 16 + 256 < wire::kControlPayload.value);

}  // namespace

ChunkReader::ChunkReader(storage::Storage& storage, wire::RetrievalJob job)
    : storage_(storage),
      job_(std::move(job)),
      layout_(job_.layout),
      destinations_(job_.directory, job_.hosts),
      distribution_(plan::Distribution::round_robin(destinations_.workers())) {}

std::uint64_t ChunkReader::chunks() const noexcept {
  return plan::ChunkPlan{job_.size, job_.chunk_size}.chunks();
}
Bytes ChunkReader::length_of(ChunkIndex chunk) const noexcept {
  return plan::ChunkPlan{job_.size, job_.chunk_size}.length_of(chunk);
}

job::Task<> ChunkReader::survey(const job::Environment& environment, Sinks sinks,
                                std::function<bool()> stop) {
  const transport::BusyGuard busy{environment.transport};
  for (std::uint32_t number = 0; number < destinations_.directories() && !stop(); ++number) {
    co_await survey(environment, number, sinks, stop);
    co_await job::yield_turn(environment.io());  // there may be very many, with few files each
  }
}

job::Task<> ChunkReader::survey(const job::Environment& environment, std::uint32_t number,
                                const Sinks& sinks, const std::function<bool()>& stop) {
  const auto directory = disk::Directory::open_existing(storage_, destinations_.path(number));
  const wire::ExtraFiles none{.directory = number, .names = {}, .call = {}};
  wire::ExtraFiles extras = none;
  const auto note_failure = [&extras](const Failure& failure) {
    extras.call = failure.call;
    extras.system_errno = failure.system_errno;
  };
  if (!directory) {
    const int error = directory.error().system_errno;
    if (error == ENOENT || error == ENOTDIR) co_return;
    note_failure(directory.error());
    sinks.extras(std::move(extras));
    co_return;
  }
  std::vector<bool> held(chunks());
  std::size_t extra_bytes = 0;
  disk::StaleFileScan scan{*directory, ""};
  for (int names = 1; !stop(); ++names) {
    const auto entry = scan.next();
    if (!entry) note_failure(entry.error());
    if (!entry || !*entry) break;
    // Who wants the chunks does not ask what else there is.
    const bool ours = (*entry)->kind != disk::FileKind::foreign && !(*entry)->respelled;
    if (ours && !note((*entry)->kind, (*entry)->number, held) && !job_.deliver) {
      extras.names.emplace_back((*entry)->name);
      extra_bytes += encoded_size(extras.names.back());
    }
    if (extra_bytes > kExtraBytes) {
      sinks.extras(std::exchange(extras, none));
      extra_bytes = 0;
    }
    if (names % kNames == 0) co_await job::yield_turn(environment.io());
  }
  if (extras != none) sinks.extras(std::move(extras));

  plan::ChunkSet set;
  for (std::uint64_t i = 0; i < held.size(); ++i) {
    if (held[i]) set.add(ChunkIndex{i});
  }
  for (auto runs = set.runs(); !runs.empty();) {
    const auto part = runs.first(std::min(runs.size(), wire::kMaxRuns));
    sinks.seen({.directory = number, .runs = {part.begin(), part.end()}});
    runs = runs.subspan(part.size());
  }
}

// Marks what such a file holds. False if it has no place in what is looked for.
bool ChunkReader::note(disk::FileKind kind, std::optional<std::uint64_t> number,
                       std::vector<bool>& held) const {
  // All chunks of a file of several: what it is too short for, reading it will say.
  const auto mark = [&](std::uint64_t first, std::uint64_t stride) {
    for (std::uint64_t i = first; i < held.size(); i += stride) held[i] = true;
    return true;
  };
  const bool of_a_worker = number && *number >= 1 && *number <= destinations_.workers();
  if (kind == disk::FileKind::manifest) return true;
  if (kind == disk::FileKind::sums) return !number || of_a_worker;
  const auto file = disk::file_of(kind);
  if (!file || disk::is_partial(kind) || !layout_.may_leave(*file)) return false;
  switch (*file) {
    case plan::FileOf::chunk:
      if (!number || *number >= held.size()) return false;
      held[*number] = true;
      // Beside stripes there may be chunks that were moved; which, only the manifest knows.
      return layout_.has_own_file(false);
    case plan::FileOf::worker:
      return of_a_worker && mark(*number - 1, destinations_.workers());
    case plan::FileOf::all:
      return mark(0, 1);
  }
  return false;
}

Result<const disk::StoredFile*> ChunkReader::open(std::uint32_t directory,
                                                  const std::string& name) {
  const auto known = std::ranges::find_if(
      opened_, [&](const Opened& it) { return it.directory == directory && it.name == name; });
  if (known != opened_.end()) return &known->file;
  if (!directory_ || directory_number_ != directory) {
    auto there = disk::Directory::open_existing(storage_, destinations_.path(directory));
    if (!there) return std::move(there.error());
    directory_.emplace(std::move(*there));
    directory_number_ = directory;
  }
  auto file = disk::StoredFile::open(*directory_, name);
  if (!file) return std::move(file.error());
  opened_.push_front({directory, name, std::move(*file)});
  if (opened_.size() > kMaxOpen) opened_.pop_back();
  return &opened_.front().file;
}

wire::ReadReply ChunkReader::reply(wire::ReadReply::Status status) const {
  return {.chunk = request_.chunk, .attempt = request_.attempt, .status = status};
}

void ChunkReader::begin(const wire::ReadRequest& request, std::span<std::byte> buffer) {
  request_ = request;
  buffer_ = buffer;
  refused_.reset();
  read_ = 0_B;
  length_ = 0_B;
  place_ = 0_B;
  digest_.reset();
  if (request.chunk.value >= chunks() || request.directory >= destinations_.directories()) {
    refused_ = reply(wire::ReadReply::Status::missing);
    return;
  }
  length_ = length_of(request.chunk);
  const auto file =
      open(request.directory, disk::file_name(layout_.file_of(request.moved), request.chunk,
                                              distribution_.worker_of(request.chunk)));
  if (!file) {
    const int error = file.error().system_errno;
    refused_ = reply(error == ENOENT ? wire::ReadReply::Status::missing
                                     : wire::ReadReply::Status::unreadable);
    refused_->call = wire::ReadReply::Call::open;
    refused_->system_errno = error;
    return;
  }
  file_ = *file;
  place_ = layout_.place(request.chunk, request.moved, distribution_, job_.chunk_size);
  // One that is longer is not the one that was scattered.
  const bool ends = layout_.ends_file(request.chunk, request.moved, distribution_, chunks());
  if (ends && file_->size() != place_ + length_) {
    refused_ = reply(wire::ReadReply::Status::wrong_length);
    if (file_->size() > place_) refused_->length = file_->size() - place_;
  }
}

std::optional<wire::ReadReply> ChunkReader::step() {
  if (refused_) return refused_;
  const bool keeps = buffer_.size() >= length_.value;
  const auto wanted = std::min<std::uint64_t>((length_ - read_).value,
                                              std::min<std::size_t>(buffer_.size(), job::kSlice));
  const auto slice = buffer_.subspan(keeps ? read_.value : 0, wanted);
  const auto got = file_->read(place_ + read_, slice);
  if (!got) {
    auto failed = reply(wire::ReadReply::Status::unreadable);
    failed.call = wire::ReadReply::Call::pread;
    failed.system_errno = got.error().system_errno;
    return failed;
  }
  digest_.update(slice.first(*got));
  read_ += Bytes{*got};
  if (*got < wanted) {
    auto ends = reply(wire::ReadReply::Status::wrong_length);
    ends.length = read_;
    return ends;
  }
  if (read_ < length_) return std::nullopt;
  auto whole = reply(wire::ReadReply::Status::whole);
  whole.digest = digest_.value();
  return whole;
}

}  // namespace mpiferry::operations

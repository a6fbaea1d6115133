#include "engine/roles/retrieval_worker.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/error.hpp>

#include "engine/base/machine.hpp"
#include "engine/plan/placement.hpp"
#include "engine/roles/preflight.hpp"
#include "engine/roles/source_reader.hpp"

namespace mpiferry::roles {
namespace {

// Posted receives for requests: the master sends one message of them a turn.
constexpr std::size_t kReceives = 4;
constexpr std::size_t kMessages = 8;

}  // namespace

RetrievalWorker::RetrievalWorker(const Post& post, wire::RetrievalJob job)
    : post_(post),
      job_(std::move(job)),
      chunk_reader_(job_),
      heartbeat_(post),
      orders_(wire::kControlPayload, kReceives),
      messages_(wire::kControlPayload, kMessages),
      faults_(job_.faults, post.self()),
      woken_(post.context.io()),
      pause_(post.context.io()) {}

Result<std::unique_ptr<Duty>> RetrievalWorker::take(const Post& post, const Message& message) {
  auto job = wire::decode_retrieval_job(message.payload);
  if (!job) return std::move(job.error());
  return std::unique_ptr<Duty>{std::make_unique<RetrievalWorker>(post, std::move(*job))};
}

// There may be more to tell than fits into a message.
Task<Outcome> RetrievalWorker::prepare() {
  if (Outcome same = check_build(post_.build, job_.build); !same) co_return same;
  if (Outcome enough = check_open_files(); !enough) co_return enough;
  std::deque<wire::SeenChunks> all_seen;
  std::deque<wire::ExtraFiles> extras;
  ChunkReader::Sinks sinks{.seen = [&](wire::SeenChunks it) { all_seen.push_back(std::move(it)); },
                           .extras = [&](wire::ExtraFiles it) { extras.push_back(std::move(it)); }};
  std::function<bool()> stop = [this] {
    heartbeat_.beat();
    return post_.fsm.cancelled();
  };
  co_await chunk_reader_.survey(post_.context, std::move(sinks), std::move(stop));
  if (all_seen.empty()) all_seen.emplace_back();  // who sees nothing says so
  // The master has several receives, and may see their completions in any order.
  const ChunkIndex all{all_seen.size() + extras.size()};
  std::uint32_t number = 0;
  for (const wire::SeenChunks& seen : all_seen) {
    auto lease = co_await acquire(messages_);
    if (!lease) co_return Nothing{};
    const std::size_t length = wire::encode(seen, lease->payload());
    send({.kind = wire::Kind::seen_chunks, .chunk = all, .length = {length}, .attempt = number++},
         std::move(*lease));
  }
  for (const wire::ExtraFiles& some : extras) {
    auto lease = co_await acquire(messages_);
    if (!lease) co_return Nothing{};
    const auto length = wire::encode(some, lease->payload());
    if (!length) co_return length.error();
    send({.kind = wire::Kind::extra_files, .chunk = all, .length = {*length}, .attempt = number++},
         std::move(*lease));
  }
  co_return Nothing{};
}

// Nothing if the job is cancelled meanwhile.
Task<std::optional<Lease>> RetrievalWorker::acquire(BufferPool& pool) {
  auto lease = pool.try_acquire();
  while (!lease && !post_.fsm.cancelled()) {
    co_await woken_.wait();
    lease = pool.try_acquire();
  }
  co_return std::move(lease);
}

void RetrievalWorker::start() {
  if (job_.deliver) {
    chunks_.emplace(job_.chunk_size, job_.window);
  } else {
    scratch_.resize(std::min<std::size_t>(kDigestSlice, job_.chunk_size.value));
  }
  receives_.resize(kReceives);
  open_receives_ = kReceives;
  for (std::size_t i = 0; i < kReceives; ++i) {
    boost::asio::co_spawn(post_.context.io(), receive(i), Rethrow{});
  }
  serving_ = true;
  boost::asio::co_spawn(post_.context.io(), serve(), Rethrow{});
  wire::Ready ready;
  ready.host = post_.host;
  ready.machine = machine_id(post_.host);
  ready.directory = chunk_reader_.destinations().path(0);
  post_.control.send(kMaster, wire::Tag::status, wire::Kind::ready, post_.job_id, ready);
}

void RetrievalWorker::end() {
  for (const mpi::Operation& operation : receives_) post_.context.cancel(operation);
  woken_.notify();
  pause_.cancel();
}

Task<> RetrievalWorker::receive(std::size_t index) {
  Lease lease = *orders_.try_acquire();
  while (!post_.fsm.ended()) {
    receives_[index] = post_.context.irecv(post_.communicator, std::move(lease), kMaster, kDataTag);
    auto [error, completion] = co_await mpi::async_wait(post_.context, receives_[index], kAsTuple);
    if (error) {
      if (error != boost::asio::error::operation_aborted) post_.fail(completion.failure(error));
      break;
    }
    const auto message = open_message(completion, post_.job_id);
    lease = std::move(completion.lease);
    if (!message) {
      post_.fail(message.error());
      continue;
    }
    switch (post_.fsm.on_message(message->header.kind)) {
      case protocol::Order::deliver:
        take_requests(message->payload);
        break;
      case protocol::Order::finish:
        post_.take_end(*message);
        break;
      case protocol::Order::drop:
        break;
      case protocol::Order::prepare:
      case protocol::Order::refuse:
        post_.fail({.code = Errc::unexpected_message});
        break;
    }
  }
  --open_receives_;
  woken_.notify();  // without receives nobody else will wake serve()
  post_.changed.notify();
}

void RetrievalWorker::take_requests(std::span<const std::byte> payload) {
  bool valid = !payload.empty() && payload.size() % wire::kReadRequestSize == 0;
  for (; valid && !payload.empty(); payload = payload.subspan(wire::kReadRequestSize)) {
    const auto request = wire::decode_read_request(payload.first<wire::kReadRequestSize>());
    // The master's credit: more can only be a mistake.
    valid = request && requests_.size() < std::size_t{2} * job_.window;
    if (valid) requests_.push_back(*request);
  }
  if (!valid) post_.fail({.code = Errc::bad_field, .detail = "a bad request"});
  woken_.notify();
}

Task<> RetrievalWorker::serve() {
  while (!post_.fsm.cancelled()) {
    if (requests_.empty()) {
      flush();
      co_await woken_.wait();
      continue;
    }
    const wire::ReadRequest request = requests_.front();
    requests_.pop_front();
    std::optional<Lease> lease;
    if (chunks_) {
      lease = co_await acquire(*chunks_);
      if (!lease || post_.fsm.cancelled()) break;
    }
    co_await answer(request, std::move(lease));
    const mpi::MpiContext::BusyGuard awake{post_.context};
    co_await yield_turn(post_.context.io());
  }
  serving_ = false;
  post_.changed.notify();
}

// The end may come in the middle of it: nobody wants the answer then.
Task<> RetrievalWorker::answer(wire::ReadRequest request, std::optional<Lease> lease) {
  chunk_reader_.begin(request, lease ? lease->payload() : std::span{scratch_});
  std::optional<wire::ReadReply> reply = chunk_reader_.step();
  while (!reply) {
    const mpi::MpiContext::BusyGuard awake{post_.context};
    co_await yield_turn(post_.context.io());
    if (post_.fsm.cancelled()) co_return;
    reply = chunk_reader_.step();
  }
  co_await pause();
  if (post_.fsm.cancelled()) co_return;
  ++chunks_read_;
  const bool whole = reply->status == wire::ReadReply::Status::whole;
  if (whole) bytes_read_ += chunk_reader_.length();
  if (lease && whole && reply->digest == request.digest) {
    deliver(request, *reply, std::move(*lease));
  } else {
    tell(*reply);
  }
}

// --fault delay. The end cuts it short.
Task<> RetrievalWorker::pause() {
  if (job_.faults.write_delay.count() == 0) co_return;
  pause_.expires_after(job_.faults.write_delay);
  co_await pause_.async_wait(kAsTuple);
}

void RetrievalWorker::deliver(const wire::ReadRequest& request, const wire::ReadReply& reply,
                              Lease lease) {
  const Bytes length = chunk_reader_.length();
  // After the digest was made: what happens on the way is what it is there for.
  faults_.play(request.chunk, lease.payload().first(length.value));
  wire::Header header{.kind = wire::Kind::chunk,
                      .job_id = post_.job_id,
                      .chunk = request.chunk,
                      .offset = plan::offset(request.chunk, job_.chunk_size),
                      .length = length,
                      .attempt = request.attempt,
                      .payload_digest = reply.digest};
  wire::encode(header, lease.header());
  const mpi::Operation operation =
      post_.context.isend(post_.communicator, std::move(lease), length.value, kMaster, kStatusTag);
  mpi::async_wait(post_.context, operation, Sent{this});
}

// ReadReplies share a message as long as there are requests to go on with; but where chunks are
// wanted, one tells of a failure, and each answer is a message (as each has its receive).
void RetrievalWorker::tell(const wire::ReadReply& reply) {
  if (!job_.deliver) faults_.play(reply.chunk, {});  // deliver() plays them where it may damage
  found_.push_back(reply);
  if (job_.deliver || found_.size() >= std::max<std::size_t>(1, job_.window / 4)) flush();
}

void RetrievalWorker::flush() {
  while (!found_.empty()) {
    auto lease = messages_.try_acquire();
    if (!lease) return;  // Sent calls again
    const std::size_t most = job_.deliver ? 1 : wire::kControlPayload.value / wire::kReadReplySize;
    const std::size_t count = std::min(found_.size(), most);
    std::span<std::byte> out = lease->payload();
    for (std::size_t i = 0; i < count; ++i) {
      wire::encode(found_[i], out.first<wire::kReadReplySize>());
      out = out.subspan(wire::kReadReplySize);
    }
    found_.erase(found_.begin(), found_.begin() + static_cast<std::ptrdiff_t>(count));
    send({.kind = wire::Kind::read_replies, .length = {count * wire::kReadReplySize}},
         std::move(*lease));
  }
}

void RetrievalWorker::send(wire::Header header, Lease lease) {
  header.job_id = post_.job_id;
  const mpi::Operation operation = send_sealed(post_.context, post_.communicator, header,
                                               std::move(lease), kMaster, wire::Tag::status);
  mpi::async_wait(post_.context, operation, Sent{this});
}

void RetrievalWorker::Sent::operator()(const mpi::ErrorCode& error,
                                       mpi::Completion completion) const {
  if (error) self->post_.fail(completion.failure(error));
  completion.lease.reset();
  self->woken_.notify();
  self->post_.changed.notify();
}

Task<Outcome> RetrievalWorker::publish(const wire::End& /*end*/) { co_return Nothing{}; }

wire::Closed RetrievalWorker::closed() const {
  return {.chunks_written = chunks_read_, .bytes_written = bytes_read_};
}

void RetrievalWorker::add_to(Report& report) const {
  report.chunks_written = chunks_read_;
  report.bytes_written = bytes_read_;
}

}  // namespace mpiferry::roles

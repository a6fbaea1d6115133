#include "engine/operations/retrieval/retrieval_worker.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/error.hpp>

#include "engine/job/preflight.hpp"
#include "engine/job/source_reader.hpp"

namespace mpiferry::operations {

using job::Task;

namespace {

// Posted receives for requests: the master sends one message of them a turn.
constexpr std::size_t kReceives = 4;

}  // namespace

RetrievalWorker::RetrievalWorker(const job::WorkerContext& context, wire::RetrievalJob job)
    : context_(context),
      job_(std::move(job)),
      chunk_reader_(context_.environment.storage, job_),
      orders_(wire::kControlPayload, kReceives),
      woken_(context.io()),
      replies_(context, job_, woken_),
      pause_(context.environment.clock, context.io()) {}

Result<std::unique_ptr<job::WorkerHalf>> RetrievalWorker::make(const job::WorkerContext& context,
                                                               const job::Message& message) {
  auto job = wire::decode_retrieval_job(message.payload);
  if (!job) return std::move(job.error());
  return std::unique_ptr<job::WorkerHalf>{
      std::make_unique<RetrievalWorker>(context, std::move(*job))};
}

// There may be more to tell than fits into a message.
Task<Outcome> RetrievalWorker::prepare() {
  if (Outcome same = job::check_build(context_.build, job_.master.build); !same) co_return same;
  if (Outcome enough = job::check_open_files(context_.environment.storage); !enough)
    co_return enough;
  std::deque<wire::SeenChunks> all_seen;
  std::deque<wire::ExtraFiles> extras;
  ChunkReader::Sinks sinks{.seen = [&](wire::SeenChunks it) { all_seen.push_back(std::move(it)); },
                           .extras = [&](wire::ExtraFiles it) { extras.push_back(std::move(it)); }};
  std::function<bool()> stop = [this] {
    context_.beat();
    return context_.fsm.cancelled();
  };
  co_await chunk_reader_.survey(context_.environment, std::move(sinks), std::move(stop));
  if (all_seen.empty()) all_seen.emplace_back();  // who sees nothing says so
  wire::Part part{.of = static_cast<std::uint32_t>(all_seen.size() + extras.size())};
  for (wire::SeenChunks& seen : all_seen) {
    seen.part = part;
    ++part.number;
    auto lease = co_await acquire(replies_.messages());
    if (!lease) co_return Nothing{};
    const std::size_t length = wire::encode(seen, lease->payload());
    replies_.send({.kind = wire::Kind::seen_chunks, .length = {length}}, std::move(*lease));
  }
  for (wire::ExtraFiles& some : extras) {
    some.part = part;
    ++part.number;
    auto lease = co_await acquire(replies_.messages());
    if (!lease) co_return Nothing{};
    const auto length = wire::encode(some, lease->payload());
    if (!length) co_return length.error();
    replies_.send({.kind = wire::Kind::extra_files, .length = {*length}}, std::move(*lease));
  }
  co_return Nothing{};
}

// Nothing if the job is cancelled meanwhile.
Task<std::optional<Lease>> RetrievalWorker::acquire(BufferPool& pool) {
  auto lease = pool.try_acquire();
  while (!lease && !context_.fsm.cancelled()) {
    co_await woken_.wait();
    lease = pool.try_acquire();
  }
  co_return std::move(lease);
}

void RetrievalWorker::start() {
  if (job_.deliver) {
    chunks_.emplace(job_.chunk_size, job_.window);
  } else {
    scratch_.resize(std::min<std::size_t>(job::kDigestSlice, job_.chunk_size.value));
  }
  receives_.resize(kReceives);
  open_receives_ = kReceives;
  for (std::size_t i = 0; i < kReceives; ++i) {
    boost::asio::co_spawn(context_.io(), receive(i), job::Rethrow{});
  }
  serving_ = true;
  boost::asio::co_spawn(context_.io(), serve(), job::Rethrow{});
  wire::Ready ready;
  ready.host = context_.environment.host;
  ready.machine = context_.environment.machine;
  ready.directory = chunk_reader_.destinations().path(0);
  context_.send_status(wire::Kind::ready, ready);
}

void RetrievalWorker::on_end() {
  for (const job::Operation& operation : receives_) context_.transport().cancel(operation);
  woken_.notify();
  pause_.cancel();
}

Task<> RetrievalWorker::receive(std::size_t index) {
  Lease lease = *orders_.try_acquire();
  while (!context_.fsm.ended()) {
    receives_[index] =
        context_.transport().irecv(std::move(lease), context_.upstream(), job::kDataTag);
    auto [error, completion] =
        co_await async_wait(context_.transport(), receives_[index], job::kAsTuple);
    if (error) {
      if (error != boost::asio::error::operation_aborted) context_.fail(completion.failure(error));
      break;
    }
    const auto message = job::open_message(completion, context_.job_id);
    lease = std::move(completion.lease);
    if (context_.judge(message) == protocol::Order::deliver) take_requests(message->payload);
  }
  --open_receives_;
  woken_.notify();  // without receives nobody else will wake serve()
  context_.changed.notify();
}

void RetrievalWorker::take_requests(std::span<const std::byte> payload) {
  bool valid = !payload.empty() && payload.size() % wire::kReadRequestSize == 0;
  for (; valid && !payload.empty(); payload = payload.subspan(wire::kReadRequestSize)) {
    const auto request = wire::decode_read_request(payload.first<wire::kReadRequestSize>());
    // The master's credit: more can only be a mistake.
    valid = request && requests_.size() < std::size_t{2} * job_.window;
    if (valid) requests_.push_back(*request);
  }
  if (!valid) context_.fail({.code = Errc::bad_field, .detail = "a bad request"});
  woken_.notify();
}

Task<> RetrievalWorker::serve() {
  while (!context_.fsm.cancelled()) {
    if (requests_.empty()) {
      replies_.flush();
      co_await woken_.wait();
      continue;
    }
    const wire::ReadRequest request = requests_.front();
    requests_.pop_front();
    std::optional<Lease> lease;
    if (chunks_) {
      lease = co_await acquire(*chunks_);
      if (!lease || context_.fsm.cancelled()) break;
    }
    co_await answer(request, std::move(lease));
    const transport::BusyGuard busy{context_.transport()};
    co_await job::yield_turn(context_.io());
  }
  serving_ = false;
  context_.changed.notify();
}

// The end may come in the middle of it: nobody wants the answer then.
Task<> RetrievalWorker::answer(wire::ReadRequest request, std::optional<Lease> lease) {
  chunk_reader_.begin(request, lease ? lease->payload() : std::span{scratch_});
  std::optional<wire::ReadReply> reply = chunk_reader_.step();
  while (!reply) {
    const transport::BusyGuard busy{context_.transport()};
    co_await job::yield_turn(context_.io());
    if (context_.fsm.cancelled()) co_return;
    reply = chunk_reader_.step();
  }
  co_await pause();
  if (context_.fsm.cancelled()) co_return;
  ++chunks_read_;
  const bool whole = reply->status == wire::ReadReply::Status::whole;
  if (whole) bytes_read_ += chunk_reader_.length();
  if (lease && whole && reply->digest == request.digest) {
    replies_.deliver(request, *reply, chunk_reader_.length(), std::move(*lease));
  } else {
    replies_.reply(*reply);
  }
}

// --fault delay. The end cuts it short.
Task<> RetrievalWorker::pause() {
  if (job_.faults.write_delay.count() == 0) co_return;
  co_await pause_.async_wait(job_.faults.write_delay, job::kAsTuple);
}

Task<Outcome> RetrievalWorker::publish(const wire::End& /*end*/) { co_return Nothing{}; }

wire::Closed RetrievalWorker::closed_message() const {
  return {.chunks_written = chunks_read_, .bytes_written = bytes_read_};
}

}  // namespace mpiferry::operations

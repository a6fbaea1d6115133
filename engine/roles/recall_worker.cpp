#include "engine/roles/recall_worker.hpp"

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

RecallWorker::RecallWorker(const Post& post, wire::Recall recall)
    : post_(post),
      recall_(std::move(recall)),
      shelf_(recall_),
      heartbeat_(post),
      orders_(wire::kControlPayload, kReceives),
      messages_(wire::kControlPayload, kMessages),
      faults_(recall_.faults, post.self()),
      woken_(post.context.io()),
      pause_(post.context.io()) {}

Result<std::unique_ptr<Duty>> RecallWorker::take(const Post& post, const Message& message) {
  auto recall = wire::decode_recall(message.payload);
  if (!recall) return std::move(recall.error());
  return std::unique_ptr<Duty>{std::make_unique<RecallWorker>(post, std::move(*recall))};
}

// There may be more to tell than fits into a message.
Task<Outcome> RecallWorker::prepare() {
  if (Outcome same = check_build(post_.build, recall_.build); !same) co_return same;
  if (Outcome enough = check_open_files(); !enough) co_return enough;
  std::deque<wire::Holding> holdings;
  std::deque<wire::Extras> extras;
  Shelf::Sinks sinks{.holding = [&](wire::Holding it) { holdings.push_back(std::move(it)); },
                     .extras = [&](wire::Extras it) { extras.push_back(std::move(it)); }};
  std::function<bool()> stop = [this] {
    heartbeat_.beat();
    return post_.attendant.hopeless();
  };
  co_await shelf_.survey(post_.context, std::move(sinks), std::move(stop));
  if (holdings.empty()) holdings.emplace_back();  // who sees nothing says so
  // The master has several receives, and may see their completions in any order.
  const ChunkIndex all{holdings.size() + extras.size()};
  std::uint32_t number = 0;
  for (const wire::Holding& holding : holdings) {
    auto lease = co_await acquire(messages_);
    if (!lease) co_return Nothing{};
    const std::size_t length = wire::encode(holding, lease->payload());
    send({.kind = wire::Kind::holding, .chunk = all, .length = {length}, .attempt = number++},
         std::move(*lease));
  }
  for (const wire::Extras& some : extras) {
    auto lease = co_await acquire(messages_);
    if (!lease) co_return Nothing{};
    const auto length = wire::encode(some, lease->payload());
    if (!length) co_return length.error();
    send({.kind = wire::Kind::extras, .chunk = all, .length = {*length}, .attempt = number++},
         std::move(*lease));
  }
  co_return Nothing{};
}

// Nothing if the job is hopeless meanwhile.
Task<std::optional<Lease>> RecallWorker::acquire(BufferPool& pool) {
  auto lease = pool.try_acquire();
  while (!lease && !post_.attendant.hopeless()) {
    co_await woken_.wait();
    lease = pool.try_acquire();
  }
  co_return std::move(lease);
}

void RecallWorker::start() {
  if (recall_.deliver) {
    chunks_.emplace(recall_.chunk_size, recall_.window);
  } else {
    scratch_.resize(std::min<std::size_t>(kDigestSlice, recall_.chunk_size.value));
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
  ready.directory = shelf_.whereabouts().path(0);
  post_.control.send(kMaster, wire::Tag::status, wire::Kind::ready, post_.job_id, ready);
}

void RecallWorker::end() {
  for (const mpi::Operation& operation : receives_) post_.context.cancel(operation);
  woken_.notify();
  pause_.cancel();
}

Task<> RecallWorker::receive(std::size_t index) {
  Lease lease = *orders_.try_acquire();
  while (!post_.attendant.ended()) {
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
    switch (post_.attendant.on_message(message->header.kind)) {
      case flow::Order::deliver:
        take_requests(message->payload);
        break;
      case flow::Order::finish:
        post_.take_end(*message);
        break;
      case flow::Order::drop:
        break;
      case flow::Order::prepare:
      case flow::Order::refuse:
        post_.fail({.code = Errc::unexpected_message});
        break;
    }
  }
  --open_receives_;
  woken_.notify();  // without receives nobody else will wake serve()
  post_.changed.notify();
}

void RecallWorker::take_requests(std::span<const std::byte> payload) {
  bool valid = !payload.empty() && payload.size() % wire::kRequestSize == 0;
  for (; valid && !payload.empty(); payload = payload.subspan(wire::kRequestSize)) {
    const auto request = wire::decode_request(payload.first<wire::kRequestSize>());
    // The master's credit: more can only be a mistake.
    valid = request && requests_.size() < std::size_t{2} * recall_.window;
    if (valid) requests_.push_back(*request);
  }
  if (!valid) post_.fail({.code = Errc::bad_field, .detail = "a bad request"});
  woken_.notify();
}

Task<> RecallWorker::serve() {
  while (!post_.attendant.hopeless()) {
    if (requests_.empty()) {
      flush();
      co_await woken_.wait();
      continue;
    }
    const wire::Request request = requests_.front();
    requests_.pop_front();
    std::optional<Lease> lease;
    if (chunks_) {
      lease = co_await acquire(*chunks_);
      if (!lease || post_.attendant.hopeless()) break;
    }
    co_await answer(request, std::move(lease));
    const mpi::MpiContext::Awake awake{post_.context};
    co_await yield_turn(post_.context.io());
  }
  serving_ = false;
  post_.changed.notify();
}

// The end may come in the middle of it: nobody wants the answer then.
Task<> RecallWorker::answer(wire::Request request, std::optional<Lease> lease) {
  shelf_.begin(request, lease ? lease->payload() : std::span{scratch_});
  std::optional<wire::Finding> finding = shelf_.step();
  while (!finding) {
    const mpi::MpiContext::Awake awake{post_.context};
    co_await yield_turn(post_.context.io());
    if (post_.attendant.hopeless()) co_return;
    finding = shelf_.step();
  }
  co_await pause();
  if (post_.attendant.hopeless()) co_return;
  ++chunks_read_;
  const bool whole = finding->status == wire::Finding::Status::whole;
  if (whole) bytes_read_ += shelf_.length();
  if (lease && whole && finding->digest == request.digest) {
    deliver(request, *finding, std::move(*lease));
  } else {
    tell(*finding);
  }
}

// --fault delay. The end cuts it short.
Task<> RecallWorker::pause() {
  if (recall_.faults.write_delay.count() == 0) co_return;
  pause_.expires_after(recall_.faults.write_delay);
  co_await pause_.async_wait(kAsTuple);
}

void RecallWorker::deliver(const wire::Request& request, const wire::Finding& finding,
                           Lease lease) {
  const Bytes length = shelf_.length();
  // After the digest was made: what happens on the way is what it is there for.
  faults_.play(request.chunk, lease.payload().first(length.value));
  wire::Header header{.kind = wire::Kind::chunk,
                      .job_id = post_.job_id,
                      .chunk = request.chunk,
                      .offset = plan::offset(request.chunk, recall_.chunk_size),
                      .length = length,
                      .attempt = request.attempt,
                      .payload_digest = finding.digest};
  wire::encode(header, lease.header());
  const mpi::Operation operation =
      post_.context.isend(post_.communicator, std::move(lease), length.value, kMaster, kStatusTag);
  mpi::async_wait(post_.context, operation, Sent{this});
}

// Findings share a message as long as there are requests to go on with; but where chunks are
// wanted, one tells of a failure, and each answer is a message (as each has its receive).
void RecallWorker::tell(const wire::Finding& finding) {
  if (!recall_.deliver)
    faults_.play(finding.chunk, {});  // deliver() plays them where it may damage
  found_.push_back(finding);
  if (recall_.deliver || found_.size() >= std::max<std::size_t>(1, recall_.window / 4)) flush();
}

void RecallWorker::flush() {
  while (!found_.empty()) {
    auto lease = messages_.try_acquire();
    if (!lease) return;  // Sent calls again
    const std::size_t most = recall_.deliver ? 1 : wire::kControlPayload.value / wire::kFindingSize;
    const std::size_t count = std::min(found_.size(), most);
    std::span<std::byte> out = lease->payload();
    for (std::size_t i = 0; i < count; ++i) {
      wire::encode(found_[i], out.first<wire::kFindingSize>());
      out = out.subspan(wire::kFindingSize);
    }
    found_.erase(found_.begin(), found_.begin() + static_cast<std::ptrdiff_t>(count));
    send({.kind = wire::Kind::findings, .length = {count * wire::kFindingSize}}, std::move(*lease));
  }
}

void RecallWorker::send(wire::Header header, Lease lease) {
  header.job_id = post_.job_id;
  const mpi::Operation operation = send_sealed(post_.context, post_.communicator, header,
                                               std::move(lease), kMaster, wire::Tag::status);
  mpi::async_wait(post_.context, operation, Sent{this});
}

void RecallWorker::Sent::operator()(const mpi::ErrorCode& error, mpi::Completion completion) const {
  if (error) self->post_.fail(completion.failure(error));
  completion.lease.reset();
  self->woken_.notify();
  self->post_.changed.notify();
}

Task<Outcome> RecallWorker::publish(const wire::End& /*end*/) { co_return Nothing{}; }

wire::Closed RecallWorker::closed() const {
  return {.chunks_written = chunks_read_, .bytes_written = bytes_read_};
}

void RecallWorker::add_to(Report& report) const {
  report.chunks_written = chunks_read_;
  report.bytes_written = bytes_read_;
}

}  // namespace mpiferry::roles

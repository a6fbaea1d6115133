#include "engine/roles/worker.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/error.hpp>

#include "engine/disk/destination_pattern.hpp"
#include "engine/roles/clearing.hpp"
#include "engine/roles/publication.hpp"
#include "engine/roles/signals.hpp"

namespace mpiferry::roles {
namespace {

// Job, end, ready, failed, closed: never more at once.
constexpr std::size_t kControlMessages = 8;

}  // namespace

Worker::Worker(mpi::MpiContext& context, const mpi::Communicator& communicator,
               const Options& options, Observer& observer)
    : io_(context.io()),
      context_(context),
      communicator_(communicator),
      options_(options),
      observer_(observer),
      host_(mpi::host_name()),
      control_(context, communicator, kControlMessages,
               [this](Failure failure) { fail(std::move(failure)); }),
      changed_(io_),
      signals_(io_),
      patience_(io_) {}

Task<> Worker::run() {
  if (options_.handle_signals) {
    catch_signals(signals_, [this](Failure failure) { end_soon(std::move(failure)); });
  }
  co_await receive_orders();
  // A worker whose preflight failed only waits for the end.
  while (!end_ && open_lanes_ == 0 && !abandoned_) co_await receive_orders();
  while (open_lanes_ > 0) co_await changed_.wait();
  while (acks_ && !acks_->idle() && !abandoned_) co_await changed_.wait();
  if (end_) {
    observer_.on_end(communicator_.rank());
    publish_sums_file();
    close();
  } else {
    abandoned_ = true;  // every receive has failed: nobody can tell us the end
  }
  signals_.cancel();
  patience_.cancel();
}

// The first message, before there are lanes: a job, or an end at once.
Task<> Worker::receive_orders() {
  const mpi::Operation receive =
      context_.irecv(communicator_, control_.acquire(), kMaster, kDataTag);
  auto [error, completion] = co_await mpi::async_wait(context_, receive, kAsTuple);
  if (error) {
    abandoned_ = true;
    fail(completion.failure(error));
    co_return;
  }
  auto message = open_message(completion, job_id_);
  if (!message) {
    fail(std::move(message.error()));
    co_return;
  }
  job_id_ = message->header.job_id;
  switch (attendant_.on_message(message->header.kind)) {
    case flow::Order::prepare:
      co_await take_job(*message);
      break;
    case flow::Order::finish:
      take_end(*message);
      break;
    case flow::Order::drop:
      break;
    case flow::Order::deliver:
    case flow::Order::refuse:
      fail({.code = Errc::unexpected_message});
      break;
  }
}

Task<> Worker::take_job(const ControlMessage& message) {
  auto job = wire::decode_job(message.payload);
  if (!job) {
    fail(std::move(job.error()));
    co_return;
  }
  job_.emplace(std::move(*job));
  attendant_.on_job();
  // The end of a job that has failed elsewhere must be heard meanwhile.
  const mpi::Operation early = context_.irecv(communicator_, control_.acquire(), kMaster, kDataTag);
  hearing_early_ = true;
  mpi::async_wait(context_, early, EarlyEnd{this});
  Outcome prepared = co_await prepare();
  context_.cancel(early);
  while (hearing_early_) co_await changed_.wait();
  if (!prepared) fail(std::move(prepared.error()));
  if (attendant_.hopeless()) co_return;

  const std::uint32_t window = job_->window;
  // A lane's buffer also takes the end.
  chunk_pool_.emplace(std::max(job_->chunk_size, wire::kControlPayload), window);
  receiver_.emplace(flow::ReceiverConfig{.self = communicator_.rank(),
                                         .workers = job_->workers,
                                         .job_id = job_id_,
                                         .chunk_size = job_->chunk_size,
                                         .source_size = job_->source_size});
  acks_.emplace(context_, communicator_, window, job_id_, changed_,
                [this](Failure failure) { fail(std::move(failure)); });
  if (job_->fsync && directory_) committer_.emplace(io_, *directory_, window);
  lanes_.resize(window);
  open_lanes_ = window;
  // All receives are posted before the master hears that it may send.
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    post_receive(i, *chunk_pool_->try_acquire());
    boost::asio::co_spawn(io_, lane(i), Rethrow{});
  }
  attendant_.on_ready();
  wire::Ready ready;
  ready.host = host_;
  if (directory_) {
    ready.directory = directory_->path();
    ready.directory_id = directory_->id();
    ready.shares_master_directory = directory_->holds_token(job_->token);
  }
  control_.send(kMaster, wire::Tag::status, wire::Kind::ready, job_id_, ready);
}

void Worker::EarlyEnd::operator()(const mpi::ErrorCode& error,
                                  const mpi::Completion& completion) const {
  self->hearing_early_ = false;
  self->changed_.notify();
  if (error == boost::asio::error::operation_aborted) return;  // the usual case: there was none
  if (error) return self->fail(completion.failure(error));
  const auto message = open_message(completion, self->job_id_);
  if (!message) return self->fail(message.error());
  if (message->header.kind != wire::Kind::end)
    return self->fail({.code = Errc::unexpected_message});
  self->take_end(*message);
}

Task<Outcome> Worker::prepare() {
  if (job_->discard) co_return Nothing{};
  auto directory = disk::Directory::open_or_create(
      disk::expand_destination(job_->destination, communicator_.rank(), host_));
  if (!directory) co_return std::move(directory.error());
  directory_ = std::make_shared<disk::Directory>(std::move(*directory));
  Outcome ready = directory_->probe_writable();
  if (!ready) co_return ready;
  if (job_->force) {
    const std::string here = host_ + " ";
    std::string source_id;
    if (job_->source_id.starts_with(here)) source_id = job_->source_id.substr(here.size());
    // Not in the call: GCC 12 and lambdas within co_await do not go together.
    std::function<bool()> stop = [this] { return attendant_.hopeless(); };
    ready =
        co_await clear(context_, *directory_, job_->token, std::move(source_id), std::move(stop));
    if (attendant_.hopeless()) co_return Nothing{};
  } else {
    ready = directory_->check_vacant(job_->token);
  }
  if (ready && job_->fsync) ready = directory_->sync();  // an ack means durable, path included
  co_return ready;
}

void Worker::take_end(const ControlMessage& message) {
  auto end = wire::decode_end(message.payload);
  if (!end) return fail(std::move(end.error()));
  end_ = std::move(*end);
  attendant_.on_end(end_->verdict);
  for (const mpi::Operation& operation : lanes_) context_.cancel(operation);
  changed_.notify();
}

void Worker::publish_sums_file() {
  if (end_->verdict != Errc::ok || end_->sums_file.empty()) return;
  const auto listing = [this](const auto& list) {
    const auto digests = receiver_->digests();
    for (std::uint64_t k = 0; k < digests.size(); ++k) {
      const auto self = static_cast<std::uint64_t>(communicator_.rank().value);
      if (receiver_->holds(k)) list(ChunkIndex{k * job_->workers + self - 1}, digests[k]);
    }
  };
  if (Outcome outcome = publish_sums(*directory_, end_->sums_file, job_id_, listing, job_->fsync);
      !outcome) {
    fail(std::move(outcome.error()));
  }
}

void Worker::close() {
  wire::Closed closed;
  if (receiver_) {
    closed = {.chunks_written = receiver_->chunks_written(),
              .bytes_written = receiver_->bytes_written(),
              .chunks_corrupt = receiver_->chunks_corrupt(),
              .ack_messages = acks_->messages()};
  }
  control_.send(kMaster, wire::Tag::status, wire::Kind::closed, job_id_, closed);
}

// Told to the master once; the worker then goes on receiving, and dropping, until the end.
void Worker::fail(Failure failure) {
  if (attendant_.fail(placed(std::move(failure)))) tell_failure();
}

void Worker::tell_failure() {
  changed_.notify();
  if (abandoned_) return;  // nobody to tell
  // Before the job there is no job id: 0 is accepted from those who fail.
  control_.send(kMaster, wire::Tag::status, wire::Kind::failed, job_id_, *attendant_.failure());
}

Failure Worker::placed(Failure failure) const {
  failure.rank = communicator_.rank();
  failure.host = host_;
  return failure;
}

void Worker::end_soon(Failure signal) {
  if (attendant_.interrupt(placed(std::move(signal)), std::chrono::steady_clock::now())) {
    tell_failure();
  }
  if (!attendant_.deadline()) return;  // the job ends already, and its verdict stands
  patience_.expires_at(*attendant_.deadline() + std::chrono::milliseconds{1});
  patience_.async_wait([this](const boost::system::error_code& error) {
    if (error || !attendant_.forsaken(std::chrono::steady_clock::now())) return;
    abandoned_ = true;
    io_.stop();
  });
}

Report Worker::report() const {
  Report report{
      .rank = communicator_.rank(), .failure = attendant_.failure(), .abandoned = abandoned_};
  report.verdict = attendant_.verdict().value_or(report.verdict);
  if (receiver_) {
    report.chunks_written = receiver_->chunks_written();
    report.bytes_written = receiver_->bytes_written();
    report.chunks_corrupt = receiver_->chunks_corrupt();
  }
  return report;
}

}  // namespace mpiferry::roles

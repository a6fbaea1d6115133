#include "engine/roles/worker.hpp"

#include <utility>

#include <boost/asio/error.hpp>

#include "engine/roles/recall_worker.hpp"
#include "engine/roles/scatter_worker.hpp"
#include "engine/roles/signals.hpp"

namespace mpiferry::roles {
namespace {

// Job, end, ready, failed, closed: never more at once.
constexpr std::size_t kControlMessages = 8;

}  // namespace

Worker::Worker(mpi::MpiContext& context, const mpi::Communicator& communicator,
               const Options& options, Observer& observer)
    : context_(context),
      communicator_(communicator),
      options_(options),
      control_(context, communicator, kControlMessages,
               [this](Failure failure) { fail(std::move(failure)); }),
      changed_(context.io()),
      signals_(context.io()),
      patience_(context.io()),
      post_{.context = context,
            .communicator = communicator,
            .observer = observer,
            .control = control_,
            .attendant = attendant_,
            .changed = changed_,
            .fail = [this](Failure failure) { fail(std::move(failure)); },
            .take_end = [this](const Message& message) { take_end(message); },
            .host = mpi::host_name(),
            .build = options.build} {}

Task<> Worker::run() {
  if (options_.handle_signals) {
    catch_signals(signals_, [this](Failure failure) { end_soon(std::move(failure)); });
  }
  co_await receive_orders();
  // A worker whose preflight failed only waits for the end.
  while (!end_ && !(duty_ && duty_->receiving()) && !abandoned_) co_await receive_orders();
  while (duty_ && duty_->receiving()) co_await changed_.wait();
  while (duty_ && duty_->answering() && !abandoned_) co_await changed_.wait();
  if (end_) {
    post_.observer.on_end(communicator_.rank());
    if (duty_ && end_->verdict == Errc::ok) {
      Outcome published = co_await duty_->publish(*end_);
      if (!published) fail(std::move(published.error()));
    }
    wire::Closed closed = duty_ ? duty_->closed() : wire::Closed{};
    closed.failure = attendant_.failure();
    control_.send(kMaster, wire::Tag::status, wire::Kind::closed, post_.job_id, closed);
  } else {
    abandoned_ = true;  // every receive has failed: nobody can tell us the end
  }
  signals_.cancel();
  patience_.cancel();
}

// The first message, before there are other receives: a job, or an end at once.
Task<> Worker::receive_orders() {
  const mpi::Operation receive =
      context_.irecv(communicator_, control_.acquire(), kMaster, kDataTag);
  auto [error, completion] = co_await mpi::async_wait(context_, receive, kAsTuple);
  if (error) {
    abandoned_ = true;
    fail(completion.failure(error));
    co_return;
  }
  auto message = open_message(completion, post_.job_id);
  if (!message) {
    fail(std::move(message.error()));
    co_return;
  }
  post_.job_id = message->header.job_id;
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

Task<> Worker::take_job(const Message& message) {
  attendant_.on_job();
  auto duty = message.header.kind == wire::Kind::recall ? RecallWorker::take(post_, message)
                                                        : ScatterWorker::take(post_, message);
  if (!duty) {
    fail(std::move(duty.error()));
    co_return;
  }
  duty_ = std::move(*duty);
  // The end of a job that has failed elsewhere must be heard meanwhile.
  const mpi::Operation early = context_.irecv(communicator_, control_.acquire(), kMaster, kDataTag);
  hearing_early_ = true;
  mpi::async_wait(context_, early, EarlyEnd{this});
  Outcome prepared = co_await duty_->prepare();
  context_.cancel(early);
  while (hearing_early_) co_await changed_.wait();
  if (!prepared) fail(std::move(prepared.error()));
  if (attendant_.hopeless()) co_return;
  attendant_.on_ready();
  duty_->start();
}

void Worker::EarlyEnd::operator()(const mpi::ErrorCode& error,
                                  const mpi::Completion& completion) const {
  self->hearing_early_ = false;
  self->changed_.notify();
  if (error == boost::asio::error::operation_aborted) return;  // the usual case: there was none
  if (error) return self->fail(completion.failure(error));
  const auto message = open_message(completion, self->post_.job_id);
  if (!message) return self->fail(message.error());
  if (message->header.kind != wire::Kind::end)
    return self->fail({.code = Errc::unexpected_message});
  self->take_end(*message);
}

void Worker::take_end(const Message& message) {
  auto end = wire::decode_end(message.payload);
  if (!end) return fail(std::move(end.error()));
  end_ = std::move(*end);
  attendant_.on_end(end_->verdict);
  if (duty_) duty_->end();
  changed_.notify();
}

// Told to the master once; the worker then goes on receiving, and dropping, until the end.
void Worker::fail(Failure failure) {
  if (attendant_.fail(placed(std::move(failure)))) tell_failure();
}

void Worker::tell_failure() {
  changed_.notify();
  if (abandoned_) return;  // nobody to tell
  // Before the job there is no job id: 0 is accepted from those who fail.
  control_.send(kMaster, wire::Tag::status, wire::Kind::failed, post_.job_id,
                *attendant_.failure());
}

Failure Worker::placed(Failure failure) const {
  failure.rank = communicator_.rank();
  failure.host = post_.host;
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
    context_.io().stop();
  });
}

Report Worker::report() const {
  Report report{
      .rank = communicator_.rank(), .failure = attendant_.failure(), .abandoned = abandoned_};
  report.verdict = attendant_.verdict().value_or(report.verdict);
  if (duty_) duty_->add_to(report);
  return report;
}

}  // namespace mpiferry::roles

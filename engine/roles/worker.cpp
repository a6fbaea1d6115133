#include "engine/roles/worker.hpp"

#include <utility>

#include <boost/asio/error.hpp>
#include <fmt/format.h>

#include "engine/roles/retrieval_worker.hpp"
#include "engine/roles/scatter_worker.hpp"
#include "engine/roles/signals.hpp"

namespace mpiferry::roles {
namespace {

// Job, end, what the master says beside them, room, ready, failed, closed: never more at once.
constexpr std::size_t kControlMessages = 10;

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
      tick_timer_(context.io()),
      clock_(kTick),
      deadline_(options.stall_timeout, clock_.now()),
      post_{.context = context,
            .communicator = communicator,
            .observer = observer,
            .control = control_,
            .fsm = fsm_,
            .changed = changed_,
            .fail = [this](Failure failure) { fail(std::move(failure)); },
            .take_end = [this](const Message& message) { take_end(message); },
            .host = mpi::host_name(),
            .build = options.build},
      heartbeat_(post_) {}

Task<> Worker::run() {
  if (options_.handle_signals) {
    catch_signals(signals_, [this](Failure failure) { interrupt(std::move(failure)); });
  }
  boost::asio::co_spawn(context_.io(), follow_master(), Rethrow{});
  boost::asio::co_spawn(context_.io(), watch(), Rethrow{});
  co_await receive_orders();
  // A worker whose preflight failed only waits for the end.
  while (!end_ && !(duty_ && duty_->receiving())) co_await receive_orders();
  while (duty_ && duty_->receiving()) co_await changed_.wait();
  while (duty_ && duty_->answering()) co_await changed_.wait();
  if (!end_) {  // every receive has failed: nobody can tell us the end
    give_up();
    co_return;
  }
  post_.observer.on_end(communicator_.rank());
  if (duty_ && end_->verdict == Errc::ok) {
    publishing_ = true;
    Outcome published = co_await duty_->publish(*end_);
    publishing_ = false;
    if (!published) fail(std::move(published.error()));
  }
  wire::Closed closed = duty_ ? duty_->closed() : wire::Closed{};
  closed.failure = fsm_.failure();
  control_.send(kMaster, wire::Tag::status, wire::Kind::closed, post_.job_id, closed);
  closed_ = true;
  while (!fsm_.over()) co_await changed_.wait();
  signals_.cancel();
  tick_timer_.cancel();
}

// What the master says beside the job: that it is there, and at last that all is over.
Task<> Worker::follow_master() {
  Lease lease = control_.acquire();
  while (!fsm_.over()) {
    from_master_ = context_.irecv(communicator_, std::move(lease), kMaster, kStatusTag);
    auto [error, completion] = co_await mpi::async_wait(context_, from_master_, kAsTuple);
    if (error) {
      fail(completion.failure(error));
      co_return;
    }
    deadline_.on_message(clock_.now());
    if (Outcome taken = take_word(completion); !taken) {
      // After our last word, one that cannot be read is the master's.
      if (closed_) fsm_.on_over(taken.error().code);
      fail(std::move(taken.error()));
    }
    changed_.notify();
    lease = std::move(completion.lease);
  }
}

Outcome Worker::take_word(const mpi::Completion& completion) {
  const auto message = open_message(completion, 0);
  if (!message) return message.error();
  if (message->header.kind == wire::Kind::alive) return Nothing{};
  if (message->header.kind == wire::Kind::clear && message->header.job_id == post_.job_id) {
    post_.may_clear = true;
    return Nothing{};
  }
  if (message->header.kind != wire::Kind::over || message->header.job_id != post_.job_id) {
    return Failure{.code = Errc::unexpected_message};
  }
  const auto over = wire::decode_over(message->payload);
  if (!over) return over.error();
  fsm_.on_over(over->verdict);
  return Nothing{};
}

Task<> Worker::watch() {
  while (!fsm_.over()) {
    tick_timer_.expires_after(kTick);
    co_await tick_timer_.async_wait(kAsTuple);
    clock_.tick();
    if (publishing_ || (duty_ && duty_->waiting())) heartbeat_.beat();
    const auto now = clock_.now();
    if (deadline_.passed(now)) {
      fail({.code = Errc::master_stalled,
            .rank = kMaster,
            .host = duty_ ? duty_->master_host() : std::string{},
            .detail = fmt::format("no sign of life for {:.1f} s",
                                  std::chrono::duration<double>(deadline_.silent(now)).count()),
            .hint = "look at that host, its source and the network between; --stall-timeout sets "
                    "how long to wait"});
      give_up();
    } else if (fsm_.timed_out(now)) {
      give_up();
    }
  }
}

// The master cannot be reached: nobody else will end this.
void Worker::give_up() {
  abandoned_ = true;
  fsm_.on_master_lost();
  context_.io().stop();
}

// The first message, before there are other receives: a job, or an end at once.
Task<> Worker::receive_orders() {
  const mpi::Operation receive =
      context_.irecv(communicator_, control_.acquire(), kMaster, kDataTag);
  auto [error, completion] = co_await mpi::async_wait(context_, receive, kAsTuple);
  if (error) {
    fail(completion.failure(error));
    give_up();
    co_return;
  }
  deadline_.on_message(clock_.now());
  auto message = open_message(completion, post_.job_id);
  if (!message) {
    fail(std::move(message.error()));
    co_return;
  }
  post_.job_id = message->header.job_id;
  switch (fsm_.on_message(message->header.kind)) {
    case protocol::Order::prepare:
      co_await take_job(*message);
      break;
    case protocol::Order::finish:
      take_end(*message);
      break;
    case protocol::Order::drop:
      break;
    case protocol::Order::deliver:
    case protocol::Order::refuse:
      fail({.code = Errc::unexpected_message});
      break;
  }
}

Task<> Worker::take_job(const Message& message) {
  fsm_.on_job();
  auto duty = message.header.kind == wire::Kind::retrieval ? RetrievalWorker::take(post_, message)
                                                           : ScatterWorker::take(post_, message);
  if (!duty) {
    fail(std::move(duty.error()));
    co_return;
  }
  duty_ = std::move(*duty);
  deadline_.set_stall_timeout(duty_->stall_timeout());
  // The end of a job that has failed elsewhere must be heard meanwhile.
  const mpi::Operation early = context_.irecv(communicator_, control_.acquire(), kMaster, kDataTag);
  hearing_early_ = true;
  mpi::async_wait(context_, early, EarlyEnd{this});
  Outcome prepared = co_await duty_->prepare();
  context_.cancel(early);
  while (hearing_early_) co_await changed_.wait();
  if (!prepared) fail(std::move(prepared.error()));
  if (fsm_.cancelled()) co_return;
  fsm_.on_ready();
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
  fsm_.on_end(end_->verdict);
  if (duty_) duty_->end();
  changed_.notify();
}

// Told to the master once; the worker then goes on receiving, and dropping, until the end.
void Worker::fail(Failure failure) {
  if (!fsm_.fail(placed(std::move(failure)))) return;
  post_.observer.on_failure(communicator_.rank(), *fsm_.failure());
  tell_failure();
}

void Worker::tell_failure() {
  changed_.notify();
  if (abandoned_ || fsm_.failure()->code == Errc::master_stalled) return;  // nobody to tell
  // Before the job there is no job id: 0 is accepted from those who fail.
  control_.send(kMaster, wire::Tag::status, wire::Kind::failed, post_.job_id, *fsm_.failure());
}

// A failure of the way to the master happened there as well as here.
Failure Worker::placed(Failure failure) const {
  if (failure.rank == kMaster) {
    if (failure.host.empty() && duty_) failure.host = duty_->master_host();
    failure.detail +=
        fmt::format(", seen from rank {} ({})", communicator_.rank().value, post_.host);
    return failure;
  }
  failure.rank = communicator_.rank();
  failure.host = post_.host;
  return failure;
}

void Worker::interrupt(Failure signal) {
  deadline_.on_interrupt();
  if (fsm_.interrupt(placed(std::move(signal)), clock_.now())) tell_failure();
}

Report Worker::report() const {
  Report report{.rank = communicator_.rank(),
                .failure = fsm_.failure(),
                .abandoned = abandoned_,
                .stall_timeout = duty_ ? duty_->stall_timeout() : options_.stall_timeout};
  report.verdict = fsm_.verdict().value_or(report.verdict);
  if (duty_) duty_->add_to(report);
  return report;
}

}  // namespace mpiferry::roles

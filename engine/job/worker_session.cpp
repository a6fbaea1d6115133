#include "engine/job/worker_session.hpp"

#include <utility>

#include <boost/asio/error.hpp>
#include <fmt/format.h>

#include "engine/job/signals.hpp"

namespace mpiferry::job {
namespace {

// Job, end, what the master says beside them, capacity, ready, failed, closed: never more at once.
constexpr std::size_t kControlMessages = 10;
constexpr std::chrono::milliseconds kWorkerTick{100};

}  // namespace

WorkerSession::WorkerSession(const Environment& environment, const SessionOptions& options,
                             Observer& observer, MakeWorkerHalf make_half)
    : environment_(environment),
      options_(options),
      make_half_(std::move(make_half)),
      changed_(environment.io()),
      control_(environment.transport, kControlMessages, changed_,
               [this](Failure failure) { fail(std::move(failure)); }),
      signals_(environment.io()),
      tick_timer_(environment.clock, environment.io()),
      clock_(environment.clock, kWorkerTick),
      deadline_(options.stall_timeout, clock_.now()),
      heartbeat_(environment.transport, environment.clock, changed_,
                 [this](Failure failure) { fail(std::move(failure)); }),
      context_{.environment = environment_,
               .observer = observer,
               .control = control_,
               .heartbeat = heartbeat_,
               .fsm = fsm_,
               .changed = changed_,
               .fail = [this](Failure failure) { fail(std::move(failure)); },
               .judge = [this](const Result<Message>& message) { return judge(message); },
               .build = options.build} {}

Task<> WorkerSession::run() {
  if (options_.handle_signals) {
    catch_signals(signals_, [this](Failure failure) { interrupt(std::move(failure)); });
  }
  boost::asio::co_spawn(environment_.io(), follow_master(), Rethrow{});
  boost::asio::co_spawn(environment_.io(), watch(), Rethrow{});
  co_await receive_first();
  // A worker whose preflight failed only waits for the end.
  while (!end_ && !(half_ && half_->receiving())) co_await receive_first();
  while (half_ && half_->receiving()) co_await changed_.wait();
  while (half_ && half_->answering()) co_await changed_.wait();
  if (!end_) {  // every receive has failed: nobody can tell us the end
    give_up();
    co_return;
  }
  co_await finish();
}

// The first message, before there are other receives: a job, or an end at once.
Task<> WorkerSession::receive_first() {
  const Operation receive = environment_.transport.irecv(control_.acquire(), kMaster, kDataTag);
  auto [error, completion] = co_await async_wait(environment_.transport, receive, kAsTuple);
  if (error) {
    fail(completion.failure(error));
    give_up();
    co_return;
  }
  deadline_.on_message(clock_.now());
  const auto message = open_message(completion, context_.job_id);
  if (message) context_.job_id = message->header.job_id;
  if (judge(message) == protocol::Order::prepare) co_await take_job(*message);
}

protocol::Order WorkerSession::judge(const Result<Message>& message) {
  if (!message) {
    fail(message.error());
    return protocol::Order::drop;
  }
  const protocol::Order order = fsm_.on_message(message->header.kind);
  if (order == protocol::Order::refuse) fail({.code = Errc::unexpected_message});
  if (order != protocol::Order::finish) return order;
  if (message->header.job_id != context_.job_id) {
    fail({.code = Errc::unexpected_message});
    return protocol::Order::drop;
  }
  if (!message->intact()) {
    fail({.code = Errc::bad_payload_digest});
    return protocol::Order::drop;
  }
  take_end(*message);
  return order;
}

Task<> WorkerSession::take_job(const Message& message) {
  fsm_.on_job();
  heartbeat_.begin();
  auto half = make_half_(context_, message);
  if (!half) {
    fail(std::move(half.error()));
    co_return;
  }
  half_ = std::move(*half);
  deadline_.set_stall_timeout(half_->stall_timeout());
  co_await prepare();
  if (fsm_.cancelled()) co_return;
  fsm_.on_ready();
  half_->start();
}

// The end of a job that has failed elsewhere must be heard meanwhile.
Task<> WorkerSession::prepare() {
  const Operation early = environment_.transport.irecv(control_.acquire(), kMaster, kDataTag);
  early_receive_posted_ = true;
  async_wait(environment_.transport, early, EarlyEnd{this});
  Outcome prepared = co_await half_->prepare();
  environment_.transport.cancel(early);
  while (early_receive_posted_) co_await changed_.wait();
  if (!prepared) fail(std::move(prepared.error()));
}

void WorkerSession::EarlyEnd::operator()(const ErrorCode& error,
                                         const Completion& completion) const {
  self->early_receive_posted_ = false;
  self->changed_.notify();
  if (error == boost::asio::error::operation_aborted) return;  // the usual case: there was none
  if (error) return self->fail(completion.failure(error));
  self->judge(open_message(completion, self->context_.job_id));
}

void WorkerSession::take_end(const Message& message) {
  auto end = wire::decode_end(message.payload);
  if (!end) return fail(std::move(end.error()));
  end_ = std::move(*end);
  fsm_.on_end(end_->verdict);
  if (half_) half_->on_end();
  changed_.notify();
}

// Publishes, says so, and leaves when the master allows it.
Task<> WorkerSession::finish() {
  context_.observer.on_end(environment_.self());
  if (half_ && end_->verdict == Errc::ok) {
    fsm_.on_publication_began();
    heartbeat_.begin();
    Outcome published = co_await half_->publish(*end_);
    fsm_.on_published();
    if (!published) fail(std::move(published.error()));
  }
  wire::Closed closed = half_ ? half_->closed_message() : wire::Closed{};
  closed.failure = fsm_.failure();
  context_.send_status(wire::Kind::closed, closed);
  fsm_.on_closed();
  while (!fsm_.over()) co_await changed_.wait();
  if (half_) half_->finish();
  signals_.cancel();
  tick_timer_.cancel();
}

// What the master says beside the job: that it is there, and at last that all is over. Without a
// receive for it nobody can tell this worker to leave.
Task<> WorkerSession::follow_master() {
  Lease lease = control_.acquire();
  while (!fsm_.over()) {
    const Operation receive = environment_.transport.irecv(std::move(lease), kMaster, kStatusTag);
    auto [error, completion] = co_await async_wait(environment_.transport, receive, kAsTuple);
    if (error) {
      fail(completion.failure(error));
      give_up();
      co_return;
    }
    deadline_.on_message(clock_.now());
    if (Outcome taken = take_notice(completion); !taken) {
      // After our last word, one that cannot be read is the master's.
      if (fsm_.closed()) fsm_.on_over(taken.error().code);
      fail(std::move(taken.error()));
    }
    changed_.notify();
    lease = std::move(completion.lease);
  }
}

Outcome WorkerSession::take_notice(const Completion& completion) {
  const auto message = open_message(completion, 0);
  if (!message) return message.error();
  if (message->header.kind == wire::Kind::alive) return Nothing{};
  const Failure unexpected{.code = Errc::unexpected_message};
  if (message->header.job_id != context_.job_id) return unexpected;
  if (message->header.kind != wire::Kind::over) {
    return half_ && half_->on_message(*message) ? Outcome{Nothing{}} : unexpected;
  }
  const auto over = wire::decode_over(message->payload);
  if (!over) return over.error();
  fsm_.on_over(over->verdict);
  return Nothing{};
}

Task<> WorkerSession::watch() {
  while (!fsm_.over()) {
    co_await tick_timer_.async_wait(kWorkerTick, kAsTuple);
    clock_.tick();
    if (fsm_.publishing()) context_.beat();
    if (half_ && !fsm_.ended()) half_->on_tick();
    const auto now = clock_.now();
    if (deadline_.passed(now)) {
      fail({.code = Errc::master_stalled,
            .rank = kMaster,
            .host = half_ ? half_->master_host() : std::string{},
            .detail = fmt::format("no sign of life for {:.1f} s",
                                  std::chrono::duration<double>(deadline_.silent(now)).count()),
            .hint = "check that host, its source and the network between; `stall_timeout` sets "
                    "how long to wait"});
      give_up();
    } else if (fsm_.timed_out(now)) {
      give_up();
    }
  }
}

// The master cannot be reached: nobody else will end this.
void WorkerSession::give_up() {
  fsm_.on_master_lost();
  environment_.io().stop();
}

// Told to the master once; the worker then goes on receiving, and dropping, until the end.
void WorkerSession::fail(Failure failure) {
  if (!fsm_.fail(placed(std::move(failure)))) return;
  context_.observer.on_failure(environment_.self(), *fsm_.failure());
  report_failure();
}

void WorkerSession::report_failure() {
  changed_.notify();
  // Nobody to tell.
  if (fsm_.master_lost() || fsm_.failure()->code == Errc::master_stalled) return;
  // Before the job there is no job id: 0 is accepted from those who fail.
  context_.send_status(wire::Kind::failed, *fsm_.failure());
}

// A failure of the way to the master happened there as well as here.
Failure WorkerSession::placed(Failure failure) const {
  if (failure.rank == kMaster) {
    if (failure.host.empty() && half_) failure.host = half_->master_host();
    failure.detail +=
        fmt::format(", seen from rank {} ({})", environment_.self().value, environment_.host);
    return failure;
  }
  failure.rank = environment_.self();
  failure.host = environment_.host;
  return failure;
}

void WorkerSession::interrupt(Failure signal) {
  deadline_.on_interrupt();
  if (fsm_.interrupt(placed(std::move(signal)), clock_.now())) report_failure();
}

JobReport WorkerSession::report() const {
  JobReport report{.rank = environment_.self(),
                   .failure = fsm_.failure(),
                   .abandoned = fsm_.master_lost(),
                   .stall_timeout = half_ ? half_->stall_timeout() : options_.stall_timeout};
  report.verdict = fsm_.verdict().value_or(report.verdict);
  if (half_) {
    const wire::Closed done = half_->closed_message();
    report.workers.push_back({.rank = environment_.self(),
                              .host = environment_.host,
                              .chunks_written = done.chunks_written,
                              .bytes_written = done.bytes_written,
                              .chunks_corrupt = done.chunks_corrupt,
                              .ack_messages = done.ack_messages});
  }
  return report;
}

}  // namespace mpiferry::job

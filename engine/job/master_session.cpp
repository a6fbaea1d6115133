#include "engine/job/master_session.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <span>
#include <string_view>
#include <utility>

#include <boost/asio/error.hpp>
#include <fmt/format.h>

#include "engine/job/own_thread.hpp"
#include "engine/job/signals.hpp"

namespace mpiferry::job {
namespace {

constexpr std::chrono::milliseconds kMasterTick{100};

// Receives for answers; more workers share them, as an answer is handled in microseconds.
std::size_t receives_for(std::uint32_t workers) {
  return std::min(std::size_t{16}, std::size_t{2} * workers);
}

// The job, the end and the permission to go may all be under way to each worker, beside what is
// received into: a reply may come before the send that it answers is known to be complete.
std::size_t control_messages_for(std::uint32_t workers) {
  return std::size_t{3} * workers + receives_for(workers);
}

}  // namespace

std::uint64_t random_job_id() {
  std::random_device device;
  const std::uint64_t high = device();
  const std::uint64_t id = (high << 32U) ^ device();
  return id != 0 ? id : 1;
}

double seconds(clock::Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::vector<Rank> worst_first(const protocol::Stall& worst,
                              const std::vector<protocol::Stall>& stalls) {
  std::vector<Rank> ranks{worst.worker};
  for (const protocol::Stall& stall : stalls) {
    if (stall.worker != worst.worker) ranks.push_back(stall.worker);
  }
  return ranks;
}

MasterSession::MasterSession(const Environment& environment, const SessionOptions& options,
                             Observer& observer, std::uint64_t job_id)
    : environment_(environment),
      options_(options),
      observer_(observer),
      job_id_(job_id),
      peers_(environment.workers()),
      changed_(environment.io()),
      control_(environment.transport, control_messages_for(workers()), changed_,
               [this](Failure failure) { fail(std::move(failure)); }),
      receives_(environment.transport,
                [this](const ErrorCode& error, Completion& completion) {
                  on_completion(error, completion);
                }),
      clock_(environment.clock, kMasterTick),
      fsm_(workers(), options.stall_timeout),
      heartbeat_(environment.transport, job_id_, options.stall_timeout, changed_,
                 [this](Failure failure) { fail(std::move(failure)); }),
      tick_timer_(environment.clock, environment.io()),
      signals_(environment.io()),
      stopwatch_(environment.clock) {}

Task<> MasterSession::run(MasterHalf& half) {
  half_ = &half;
  if (!half.posts_receives()) post_receives();
  boost::asio::co_spawn(environment_.io(), watch(), Rethrow{});
  if (options_.handle_signals) catch_signal();
  co_await run_steps(half);
  co_await leave();
}

// One that comes too late to end the job leaves the next to end the wait for lost workers.
void MasterSession::catch_signal() {
  catch_signals(signals_, [this](Failure failure) {
    interrupt(std::move(failure));
    if (!left_) catch_signal();
  });
}

void MasterSession::interrupt(Failure failure) {
  hurried_ = fsm_.over();
  fail(std::move(failure));
  changed_.notify();
}

Task<> MasterSession::run_steps(MasterHalf& half) {
  for (;;) {
    Outcome done = Nothing{};
    switch (fsm_.next(clock_.now())) {
      case protocol::Step::prepare:
        done = co_await half.prepare();
        if (!done) fail(std::move(done.error()));
        fsm_.on_prepared();
        break;
      case protocol::Step::send_job:
        half.start();
        fsm_.on_job_sent(clock_.now(), half.clears());
        break;
      case protocol::Step::clear:
        done = co_await half.clear_destination();
        if (!done) fail(std::move(done.error()));
        fsm_.on_cleared();
        break;
      case protocol::Step::transfer:
        co_await transfer(half);
        break;
      case protocol::Step::send_end:
        send_end(half);
        break;
      case protocol::Step::publish:
        co_await publish(half);
        break;
      case protocol::Step::release:
        half.finish();  // before any rank leaves: who sees the job end finds no trace of it
        release_workers();
        break;
      case protocol::Step::give_up:
        fsm_.on_given_up(placed(silence(fsm_.unclosed(), "has not confirmed the end of the job")));
        half.finish();
        break;
      case protocol::Step::wait:
        co_await changed_.wait();
        break;
      case protocol::Step::over:
        fsm_.on_over();
        co_return;
    }
  }
}

Task<> MasterSession::transfer(MasterHalf& half) {
  fsm_.on_transfer_began();
  stopwatch_.begin_transfer();
  if (Outcome fit = half.check_peers(); !fit) fail(std::move(fit.error()));
  if (!failed()) co_await half.transfer();
  fsm_.on_transferred();
}

void MasterSession::post_receives() {
  for (std::size_t i = 0; i < receives_for(workers()); ++i) receives_.post(control_.acquire());
}

void MasterSession::send_end(const MasterHalf& half) {
  stopwatch_.end_transfer();
  for (int rank = 1; rank < environment_.transport.size(); ++rank) {
    control_.send(Rank{rank}, wire::Tag::data, wire::Kind::end, job_id_,
                  half.end_message(Rank{rank}));
  }
  fsm_.on_end_sent(clock_.now());
}

Task<> MasterSession::publish(MasterHalf& half) {
  fsm_.on_publication_began();
  // Not in the call: GCC 12 and lambdas within co_await do not go together.
  std::function<Outcome()> work = [&half] { return half.publish(); };
  Outcome published =
      co_await on_own_thread(environment_.io(), environment_.threads, std::move(work));
  if (!published) fsm_.fail_publication(placed(std::move(published.error())));
  fsm_.on_published();
}

void MasterSession::release_workers() {
  for (int rank = 1; rank < environment_.transport.size(); ++rank) {
    control_.send(Rank{rank}, wire::Tag::status, wire::Kind::over, job_id_,
                  wire::Over{.verdict = fsm_.verdict()});
  }
  fsm_.on_released();
}

// What a lost worker never takes, never completes: one that is lost now, when all is decided, is
// given up as others are. Where one was given up before, MPI_Abort ends them all.
Task<> MasterSession::leave() {
  receives_.close();
  fsm_.on_leaving(clock_.now());
  const transport::Transport& transport = environment_.transport;
  const bool abandoned = fsm_.abandoned();
  while (!abandoned && transport.outstanding() > 0 && !hurried_ &&
         fsm_.has_patience(clock_.now())) {
    co_await changed_.wait();
  }
  if (transport.outstanding() > 0) {
    if (const auto silent = control_.unsent(); !abandoned && !silent.empty()) {
      fail(silence(silent, "has not taken the end of the job"));
    }
    fsm_.on_abandoned();
    environment_.io().stop();
  }
  left_ = true;
  signals_.cancel();
  tick_timer_.cancel();
}

void MasterSession::fail(Failure failure) {
  if (!fsm_.fail(placed(std::move(failure)), clock_.now())) return;
  if (half_ != nullptr) half_->on_failed();
  changed_.notify();
}

// What is nobody else's happened here; a signal meant the job, whoever got it.
Failure MasterSession::placed(Failure failure) const {
  if (failure.host.empty() && failure.rank > kMaster) failure.host = peers_.host(failure.rank);
  if (failure.rank == kNoRank && failure.code != Errc::interrupted) {
    failure.rank = kMaster;
    failure.host = environment_.host;
  }
  return failure;
}

void MasterSession::on_completion(const ErrorCode& error, Completion& completion) {
  if (error == boost::asio::error::operation_aborted) return changed_.notify();
  if (error) return fail(completion.failure(error));
  dispatch(completion);
  changed_.notify();
}

void MasterSession::dispatch(Completion& completion) {
  const Rank from = completion.peer;
  const auto message = read_message(completion, job_id_);
  if (!message) return fail_at(from, message.error());
  if (message->header.kind != wire::Kind::chunk && !message->intact()) {
    return fail_at(from, {.code = Errc::bad_payload_digest});
  }
  dispatch(from, *message, completion);
}

void MasterSession::dispatch(Rank from, const Message& message, Completion& completion) {
  switch (message.header.kind) {
    case wire::Kind::ready: {
      auto ready = wire::decode_ready(message.payload);
      if (!ready) return fail_at(from, std::move(ready.error()));
      fsm_.on_answer(from);
      half_->on_ready(from, *ready);
      return peers_.on_ready(from, *ready);
    }
    case wire::Kind::failed: {
      fsm_.on_answer(from);
      return on_failed_message(wire::decode_failure(message.payload));
    }
    case wire::Kind::closed: {
      auto closed = wire::decode_closed(message.payload);
      if (!closed) return fail_at(from, std::move(closed.error()));
      if (closed->failure) on_failed_message(std::move(*closed->failure));  // if this comes first
      fsm_.on_closed(from);
      return peers_.on_closed(from, *closed);
    }
    case wire::Kind::busy:
      return fsm_.on_busy(from, clock_.now());
    default:
      return half_->on_message(from, message, completion);
  }
}

void MasterSession::on_failed_message(Failure failure) {
  if (failure.code == Errc::interrupted) {  // a signal meant the job, whoever got it first
    failure.rank = kNoRank;
    failure.host.clear();
  }
  fail(std::move(failure));
}

void MasterSession::fail_at(Rank from, Failure failure) {
  failure.rank = from;
  failure.host = host(from);
  fail(std::move(failure));
}

const std::string& MasterSession::host(Rank rank) const {
  return rank == kMaster ? environment_.host : peers_.host(rank);
}

Task<> MasterSession::watch() {
  while (!left_) {
    co_await tick_timer_.async_wait(kMasterTick, kAsTuple);
    clock_.tick();
    tick();
  }
}

void MasterSession::tick() {
  const auto now = clock_.now();
  if (fsm_.over()) return changed_.notify();  // leave() looks at the time
  heartbeat_.beat(now);
  if (fsm_.unanswered(now)) {
    const auto silent = fsm_.silent_before_answer(now, notable_silence());
    fail(silence(silent, fmt::format("has not answered the job for {:.1f} s",
                                     seconds(fsm_.silent(silent.front(), now)))));
  }
  if (fsm_.transferring()) half_->on_tick(now);
  if (fsm_.next(now) == protocol::Step::give_up) changed_.notify();
}

Failure MasterSession::silence(const std::vector<Rank>& silent, std::string what) const {
  const Rank worst = silent.front();
  Failure failure{.code = Errc::worker_stalled,
                  .rank = worst,
                  .host = peers_.host(worst),
                  .detail = std::move(what),
                  .hint = "check that host and its disk; `stall_timeout` sets how long to wait"};
  if (silent.size() == 1) return failure;
  std::map<std::string, std::vector<int>> others;  // by host
  for (const Rank rank : std::span{silent}.subspan(1)) {
    others[peers_.host(rank)].push_back(rank.value);
  }
  std::string_view separator = "; silent as well:";
  for (const auto& [host, ranks] : others) {
    failure.detail +=
        fmt::format("{} rank{} {}{}", std::exchange(separator, ","), ranks.size() == 1 ? "" : "s",
                    fmt::join(ranks, ", "), host.empty() ? "" : fmt::format(" ({})", host));
  }
  failure.hint = fmt::format(
      "check the network between {} and those hosts; `stall_timeout` sets "
      "how long to wait",
      environment_.host);
  return failure;
}

JobReport MasterSession::report() const {
  JobReport report{.rank = kMaster,
                   .verdict = fsm_.verdict(),
                   .failure = fsm_.failure(),
                   .abandoned = fsm_.abandoned(),
                   .stall_timeout = options_.stall_timeout,
                   .mpi_tests = environment_.transport.polls(),
                   .elapsed = stopwatch_.elapsed(),
                   .transfer_time = stopwatch_.transfer(),
                   .workers = peers_.reports()};
  if (fsm_.late()) report.warnings.push_back(*fsm_.late());
  return report;
}

}  // namespace mpiferry::job

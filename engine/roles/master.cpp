#include "engine/roles/master.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <span>
#include <string_view>
#include <utility>

#include <boost/asio/error.hpp>
#include <fmt/format.h>

#include "engine/roles/signals.hpp"

namespace mpiferry::roles {
namespace {

std::uint64_t random_job_id() {
  std::random_device device;
  const std::uint64_t high = device();
  const std::uint64_t id = (high << 32U) ^ device();
  return id != 0 ? id : 1;
}

std::uint32_t workers_of(const mpi::Communicator& communicator) {
  return static_cast<std::uint32_t>(communicator.size() - 1);
}

// Receives for answers; more workers share them, as an answer is handled in microseconds.
std::size_t listeners_for(std::uint32_t workers) {
  return std::min(std::size_t{16}, std::size_t{2} * workers);
}

}  // namespace

double seconds(protocol::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::vector<Rank> worst_first(const protocol::Stall& worst,
                              const std::vector<protocol::Stall>& stalls) {
  std::vector<Rank> ranks{worst.worker};
  for (const protocol::Stall& stall : stalls) {
    if (stall.worker != worst.worker) ranks.push_back(stall.worker);
  }
  return ranks;
}

Master::Master(mpi::MpiContext& context, const mpi::Communicator& communicator, Observer& observer,
               std::chrono::milliseconds stall_timeout, bool handle_signals)
    : io_(context.io()),
      context_(context),
      communicator_(communicator),
      observer_(observer),
      host_(mpi::host_name()),
      job_id_(random_job_id()),
      peers_(workers_of(communicator)),
      // A job and an end may be under way to each, beside what listens.
      control_(context, communicator, std::size_t{2} * workers() + listeners_for(workers()),
               [this](Failure failure) { fail(std::move(failure)); }),
      changed_(io_),
      clock_(kTick),
      fsm_(workers(), stall_timeout),
      stall_timeout_(stall_timeout),
      handle_signals_(handle_signals),
      signs_of_life_(context, communicator, job_id_, stall_timeout,
                     [this](Failure failure) { fail(std::move(failure)); }),
      tick_timer_(io_),
      signals_(io_),
      began_(std::chrono::steady_clock::now()) {}

Task<> Master::run() {
  begin_listening();
  boost::asio::co_spawn(io_, watch(), Rethrow{});
  if (handle_signals_) {
    catch_signals(signals_, [this](Failure failure) { fail(std::move(failure)); });
  }

  for (;;) {
    switch (fsm_.next(clock_.now())) {
      case protocol::Step::prepare: {
        Outcome prepared = co_await prepare();
        if (!prepared) fail(std::move(prepared.error()));
        fsm_.on_prepared();
        break;
      }
      case protocol::Step::send_job:
        send_job();
        fsm_.on_job_sent(clock_.now(), clears());
        break;
      case protocol::Step::clear: {
        Outcome cleared = co_await clear_destination();
        if (!cleared) fail(std::move(cleared.error()));
        fsm_.on_cleared();
        break;
      }
      case protocol::Step::transfer:
        fsm_.on_transfer_began();
        transfer_began_ = std::chrono::steady_clock::now();
        if (Outcome fit = check_peers(); !fit) fail(std::move(fit.error()));
        if (!fsm_.failed()) co_await transfer();
        fsm_.on_transferred();
        break;
      case protocol::Step::send_end:
        send_end();
        fsm_.on_end_sent(clock_.now());
        break;
      case protocol::Step::publish:
        co_await publish_apart();
        break;
      case protocol::Step::release:
        release();  // before any rank leaves: who sees the job end finds no trace of it
        release_workers();
        fsm_.on_released();
        break;
      case protocol::Step::give_up:
        fsm_.on_given_up(placed(silence(fsm_.unclosed(), "has not confirmed the end of the job")));
        release();
        break;
      case protocol::Step::wait:
        co_await changed_.wait();
        break;
      case protocol::Step::over:
        fsm_.on_over();
        stop();
        co_return;
    }
  }
}

void Master::begin_listening() {
  for (std::size_t i = 0; i < listeners_for(workers()); ++i) listen(control_.acquire());
}

void Master::send_end() {
  if (transfer_began_ != std::chrono::steady_clock::time_point{}) {
    transfer_time_ = std::chrono::steady_clock::now() - transfer_began_;
  }
  for (int rank = 1; rank < communicator_.size(); ++rank) {
    control_.send(Rank{rank}, wire::Tag::data, wire::Kind::end, job_id_, end_message(Rank{rank}));
  }
}

Task<> Master::publish_apart() {
  fsm_.on_publication_began();
  // Not in the call: GCC 12 and lambdas within co_await do not go together.
  std::function<Outcome()> work = [this] { return publish(); };
  Outcome published = co_await on_own_thread(io_, std::move(work));
  if (!published) fsm_.fail_publication(placed(std::move(published.error())));
  fsm_.on_published();
}

void Master::release_workers() {
  for (int rank = 1; rank < communicator_.size(); ++rank) {
    control_.send(Rank{rank}, wire::Tag::status, wire::Kind::over, job_id_,
                  wire::Over{.verdict = fsm_.verdict()});
  }
}

void Master::stop() {
  for (const mpi::Operation& operation : listening_) context_.cancel(operation);
  tick_timer_.cancel();
  signals_.cancel();
  // What a lost worker never takes, never completes.
  if (fsm_.abandoned()) io_.stop();
}

void Master::fail(Failure failure) {
  if (!fsm_.fail(placed(std::move(failure)), clock_.now())) return;
  on_failed();
  changed_.notify();
}

// What is nobody else's happened here; a signal meant the job, whoever got it.
Failure Master::placed(Failure failure) const {
  if (failure.host.empty() && failure.rank > kMaster) failure.host = peers_.host(failure.rank);
  if (failure.rank == kNoRank && failure.code != Errc::interrupted) {
    failure.rank = kMaster;
    failure.host = host_;
  }
  return failure;
}

void Master::listen(Lease lease) {
  if (fsm_.over()) return;
  if (deaf_.empty()) {
    deaf_.push_back(listening_.size());
    listening_.emplace_back();
  }
  const std::size_t listener = deaf_.back();
  deaf_.pop_back();
  listening_[listener] = context_.irecv(communicator_, std::move(lease), mpi::kAnyRank, kStatusTag);
  mpi::async_wait(context_, listening_[listener], Heard{this, listener});
}

void Master::Heard::operator()(const mpi::ErrorCode& error, mpi::Completion completion) const {
  self->deaf_.push_back(listener);
  if (error == boost::asio::error::operation_aborted) return;
  if (error) return self->fail(completion.failure(error));
  self->hear(completion);
  self->changed_.notify();
  if (completion.lease) self->listen(std::move(completion.lease));
}

void Master::hear(mpi::Completion& completion) {
  const Rank from = completion.peer;
  const auto message = read_message(completion, job_id_);
  if (!message) return refuse(from, message.error());
  if (message->header.kind == wire::Kind::chunk) return hear_more(from, *message, completion);
  if (!message->intact()) return refuse(from, {.code = Errc::bad_payload_digest});
  switch (message->header.kind) {
    case wire::Kind::ready: {
      auto ready = wire::decode_ready(message->payload);
      if (!ready) return refuse(from, std::move(ready.error()));
      fsm_.on_answer(from);
      if (!clears()) capacity_.add(from, *ready);  // else they were counted before anything went
      return peers_.on_ready(from, *ready);
    }
    case wire::Kind::failed: {
      fsm_.on_answer(from);
      return hear_failure(wire::decode_failure(message->payload));
    }
    case wire::Kind::closed: {
      auto closed = wire::decode_closed(message->payload);
      if (!closed) return refuse(from, std::move(closed.error()));
      if (closed->failure) hear_failure(std::move(*closed->failure));  // if this comes first
      fsm_.on_closed(from);
      return peers_.on_closed(from, *closed);
    }
    case wire::Kind::busy:
      return fsm_.on_busy(from, clock_.now());
    default:
      return hear_more(from, *message, completion);
  }
}

void Master::hear_failure(Failure failure) {
  if (failure.code == Errc::interrupted) {  // a signal meant the job, whoever got it first
    failure.rank = kNoRank;
    failure.host.clear();
  }
  fail(std::move(failure));
}

void Master::refuse(Rank from, Failure failure) {
  failure.rank = from;
  failure.host = peers_.host(from);
  fail(std::move(failure));
}

Task<> Master::watch() {
  while (!fsm_.over()) {
    tick_timer_.expires_after(kTick);
    co_await tick_timer_.async_wait(kAsTuple);
    clock_.tick();
    tick();
  }
}

void Master::tick() {
  const auto now = clock_.now();
  signs_of_life_.give(now);
  if (fsm_.unanswered(now)) {
    const auto silent = fsm_.silent_before_answer(now, notable_silence());
    fail(silence(silent, fmt::format("has not answered the job for {:.1f} s",
                                     seconds(fsm_.silent(silent.front(), now)))));
  }
  if (fsm_.transferring()) on_tick(now);
  if (fsm_.next(now) == protocol::Step::give_up) changed_.notify();
}

Failure Master::silence(const std::vector<Rank>& silent, std::string what) const {
  const Rank worst = silent.front();
  Failure failure{.code = Errc::worker_stalled,
                  .rank = worst,
                  .host = peers_.host(worst),
                  .detail = std::move(what),
                  .hint = "look at that host and its disk; --stall-timeout sets how long to wait"};
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
      "look at the network between {} and those hosts; --stall-timeout sets "
      "how long to wait",
      host_);
  return failure;
}

Report Master::report() const {
  Report report{.rank = kMaster,
                .verdict = fsm_.verdict(),
                .failure = fsm_.failure(),
                .abandoned = fsm_.abandoned(),
                .mpi_tests = context_.tests(),
                .elapsed = std::chrono::steady_clock::now() - began_,
                .transfer = transfer_time_,
                .workers = peers_.reports()};
  report.stall_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(stall_timeout_);
  if (fsm_.late()) report.warnings.push_back(*fsm_.late());
  add_to(report);
  return report;
}

}  // namespace mpiferry::roles

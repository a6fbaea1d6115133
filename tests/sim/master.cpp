#include "tests/sim/master.hpp"

#include <algorithm>
#include <utility>

#include "engine/wire/job.hpp"
#include "tests/sim/message.hpp"

namespace mpiferry::sim {
namespace {

constexpr std::size_t kListeners = 16;  // as in engine/job/master_session.cpp

}  // namespace

Master::Master(const Setting& setting, Disk& disk, Source& source, Random random)
    : setting_(setting),
      disk_(disk),
      random_(random),
      reader_(source, setting.scenario),
      // A job, an end or a last word, and a sign of life may be under way to each.
      control_(std::size_t{4} * setting.scenario.workers + kListeners),
      chunk_pool_(setting.scenario.master_buffers()),
      listening_(std::min(kListeners, std::size_t{2} * setting.scenario.workers)),
      world_clock_(setting.world),
      clock_(world_clock_, kTick),
      fsm_(setting.scenario.workers, setting.scenario.stall_timeout),
      last_sign_(setting.world.now()),
      sign_under_way_(setting.scenario.workers + 1) {
  if (!setting.scenario.stream) chunks_ = setting.scenario.chunks();
  if (setting.scenario.resume) {
    held_chunks_.emplace(setting.scenario.workers, chunks_.value_or(kMaxChunks));
  }
}

void Master::start() {
  for (std::size_t i = 0; i < listening_.size(); ++i) {
    listening_[i].buffer = &control_.acquire();
    listen(i);
  }
  watch();
  wake();
}

// "Something has changed": run() looks again, once everything that is ready has run.
void Master::wake() {
  if (std::exchange(awake_, true)) return;
  setting_.world.after(Duration::zero(), kMaster, [this] {
    awake_ = false;
    run();
  });
}

void Master::run() {
  while (!stopped_ && !preparing_) {
    if (transferring_) {
      const Turn turn = fsm_.failed() ? Turn::done : take_turn();
      if (turn == Turn::blocked) return;
      if (turn == Turn::more) {
        const Duration length = setting_.scenario.vary(setting_.scenario.read, random_);
        setting_.world.after(length, kMaster, [this] { wake(); });
        return setting_.world.stop(kMaster, length);
      }
      finish_transfer();
    }
    switch (fsm_.next(now())) {
      case protocol::Step::prepare:
        prepare();
        break;
      case protocol::Step::send_job:
        send_job();
        fsm_.on_job_sent(now());
        break;
      case protocol::Step::clear:  // its disks are empty: nothing is in the way
        fsm_.on_cleared();
        break;
      case protocol::Step::transfer:
        fsm_.on_transfer_began();
        begin_transfer();
        break;
      case protocol::Step::send_end:
        send_end();
        fsm_.on_end_sent(now());
        break;
      case protocol::Step::publish:
        fsm_.on_publication_began();
        if (!setting_.scenario.discard) publish();
        fsm_.on_published();
        break;
      case protocol::Step::release:
        release();
        fsm_.on_released();
        break;
      case protocol::Step::give_up:
        setting_.auditor.on_given_up();
        setting_.world.abort(kMaster);
        setting_.trace("the master gives up: rank {} has not closed", fsm_.first_unclosed().value);
        fsm_.on_given_up({.code = Errc::worker_stalled, .rank = fsm_.first_unclosed()});
        break;
      case protocol::Step::wait:
        return;
      case protocol::Step::over:
        fsm_.on_over();
        stop();
        return;
    }
  }
}

void Master::prepare() {
  preparing_ = true;
  Errc error = Errc::ok;
  Duration length = random_.up_to(10 * setting_.scenario.write);
  setting_.faults.on(Occasion::preparation, kMaster, [&](const Plan& plan) {
    if (plan.fault == Fault::preparation_slow) length += plan.length;
    if (plan.fault == Fault::source_missing) error = Errc::source_not_found;
    if (plan.fault == Fault::destination_refused) error = Errc::dest_unusable;
    setting_.faults.happened(plan.fault);
  });
  setting_.world.after(length, kMaster, [this, error] {
    if (error != Errc::ok) fail({.code = error, .rank = kMaster});
    fsm_.on_prepared();
    preparing_ = false;
    wake();
  });
}

void Master::send_job() {
  const Scenario& it = setting_.scenario;
  wire::Job job;
  job.destination = "out";
  job.job_lock = "token";
  job.source_size = it.stream ? std::nullopt : std::optional{it.source_size};
  job.chunk_size = it.chunk_size;
  job.window = it.effective_window();
  job.workers = it.workers;
  job.fsync = it.fsync;
  job.discard = it.discard;
  job.reroute = it.reroute;
  job.resume = it.resume;
  job.stall_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(it.stall_timeout);
  setting_.auditor.on_job_sent();
  for (std::uint32_t rank = 1; rank <= it.workers; ++rank) {
    tell(Rank{static_cast<int>(rank)}, wire::Tag::data, wire::Kind::job, job);
  }
}

// The end of Master::transfer(), and the last look before success is declared.
void Master::finish_transfer() {
  transferring_ = false;
  transfer_time_ = setting_.world.now() - transfer_began_;
  if (!fsm_.failed()) {
    setting_.auditor.on_transferred(*chunks_);
    require(chunk_pool_.in_use() == 0, Invariant::memory,
            "{} buffers are in use after a transfer that went well", chunk_pool_.in_use());
  }
  const Errc changed = reader_.source().check_unchanged();
  if (!fsm_.failed() && changed != Errc::ok) fail({.code = changed, .rank = kMaster});
  fsm_.on_transferred();
}

void Master::send_end() {
  const Errc verdict = fsm_.verdict();
  setting_.auditor.on_end_sent();
  for (std::uint32_t rank = 1; rank <= setting_.scenario.workers; ++rank) {
    const bool writes = verdict == Errc::ok && !setting_.scenario.discard;
    tell(Rank{static_cast<int>(rank)}, wire::Tag::data, wire::Kind::end,
         wire::End{.verdict = verdict, .sums_file = writes ? "XXH3SUMS" : ""});
  }
}

void Master::publish() {
  setting_.auditor.on_publishing();
  constexpr std::byte kText[]{std::byte{'{'}, std::byte{'}'}};
  const bool durable = setting_.scenario.fsync;
  DiskError error = disk_.publish(kSumsFile, kText, durable);
  if (!error) error = disk_.publish(kManifestFile, kText, durable);
  if (!error) return;
  setting_.auditor.on_failure(Errc::dest_write_failed);
  setting_.trace("the publication fails: {}", wire::call_name(error.call));
  fsm_.fail_publication({.code = Errc::dest_write_failed,
                         .rank = kMaster,
                         .call = wire::call_name(error.call),
                         .system_errno = error.system_errno});
}

void Master::stop() {
  stopped_ = true;
  for (const Listener& listener : listening_) {
    setting_.network.cancel(kMaster, wire::Tag::status, listener.receive);
  }
  Counters counters;
  if (sender_) {
    counters = {.chunks_written = sender_->chunks_written(),
                .chunks_resent = sender_->chunks_resent(),
                .chunks_corrupt = sender_->chunks_corrupt(),
                .bytes_written = sender_->bytes_written(),
                .chunks_kept = sender_->chunks_kept(),
                .bytes_kept = sender_->bytes_kept()};
  }
  setting_.auditor.on_over(fsm_.verdict(), counters);
  setting_.trace("the master is over: {}", error_name(fsm_.verdict()));
}

void Master::fail(Failure failure) {
  setting_.auditor.on_failure(failure.code);
  setting_.trace("the master hears of a failure: {}, rank {}", error_name(failure.code),
                 failure.rank.value);
  if (!fsm_.fail(std::move(failure), now())) return;
  wake();
}

void Master::release() {
  for (std::uint32_t rank = 1; rank <= setting_.scenario.workers; ++rank) {
    tell(Rank{static_cast<int>(rank)}, wire::Tag::status, wire::Kind::over,
         wire::Over{.verdict = fsm_.verdict()});
  }
}

template <class Message>
void Master::tell(Rank to, wire::Tag tag, wire::Kind kind, const Message& message) {
  Buffer& buffer = control_.acquire();
  put_control(buffer.bytes(), kind, kJobId, message);
  setting_.network.isend(kMaster, to, tag, buffer, [this, &buffer](bool sent) {
    control_.release(buffer);
    if (!sent) fail({.code = Errc::mpi_failed});
  });
}

void Master::interrupt() {
  if (std::exchange(interrupted_, true) || fsm_.over()) return;
  setting_.trace("rank 0 is interrupted");
  fail({.code = Errc::interrupted, .detail = "interrupted (SIGINT)"});
}

}  // namespace mpiferry::sim

#include "tests/sim/worker.hpp"

#include <cerrno>
#include <chrono>
#include <utility>

#include "tests/sim/message.hpp"

namespace mpiferry::sim {
namespace {

// Job, end, what the master says beside them, ready, failed, closed: never more at once
// (engine/job/worker_session.cpp).
constexpr std::size_t kControlMessages = 9;
constexpr Duration kTick = std::chrono::milliseconds{100};

}  // namespace

Worker::Worker(const Setting& setting, Rank self, Disk& disk, Random random)
    : setting_(setting),
      self_(self),
      disk_(disk),
      random_(random),
      control_(kControlMessages),
      world_clock_(setting.world),
      clock_(world_clock_, kTick),
      deadline_(setting.scenario.stall_timeout, setting.world.now()) {}

void Worker::start() {
  follow_master();
  watch();
  receive_orders();
}

// What the master says beside the job: that it is there, and at last that all is over.
void Worker::follow_master() {
  Buffer& buffer = control_.acquire();
  setting_.network.irecv(self_, kMaster, wire::Tag::status, buffer,
                         [this, &buffer](const Arrival&) {
                           deadline_.on_message(clock_.now());
                           if (auto failure = take_word(buffer)) {
                             // After our last word, one that cannot be read is the master's.
                             if (closed_) fsm_.on_over(failure->code);
                             fail(std::move(*failure));
                           }
                           control_.release(buffer);
                           if (!fsm_.over()) follow_master();
                         });
}

std::optional<Failure> Worker::take_word(Buffer& buffer) {
  const auto message = open_message(buffer.bytes(), 0);
  if (!message) return message.error();
  if (message->header.kind == wire::Kind::alive) return std::nullopt;
  if (message->header.kind != wire::Kind::over || message->header.job_id != job_id_) {
    return Failure{.code = Errc::unexpected_message};
  }
  const auto over = wire::decode_over(message->payload);
  if (!over) return over.error();
  fsm_.on_over(over->verdict);
  return std::nullopt;
}

void Worker::watch() {
  if (fsm_.over()) return;
  setting_.world.after(kTick, self_, [this] {
    clock_.tick();
    const Time now = clock_.now();
    if (deadline_.passed(now)) {
      setting_.auditor.on_master_given_up(deadline_.silent(now));
      fsm_.fail({.code = Errc::master_stalled, .rank = kMaster});
      return give_up();
    }
    if (fsm_.timed_out(now)) return give_up();
    watch();
  });
}

void Worker::give_up() {
  setting_.trace("rank {} gives up the master", self_.value);
  fsm_.on_master_lost();
  setting_.world.abort(self_);
}

// The first message, before there are lanes: a job, or an end at once.
void Worker::receive_orders() {
  Buffer& buffer = control_.acquire();
  setting_.network.irecv(self_, kMaster, wire::Tag::data, buffer, [this, &buffer](const Arrival&) {
    hear_orders(buffer);
    control_.release(buffer);
    look();
  });
}

void Worker::hear_orders(Buffer& buffer) {
  const auto message = open_message(buffer.bytes(), job_id_);
  if (!message) return fail(message.error());
  job_id_ = message->header.job_id;
  switch (fsm_.on_message(message->header.kind)) {
    case protocol::Order::prepare:
      return take_job(message->payload);
    case protocol::Order::finish:
      return take_end(message->payload);
    case protocol::Order::drop:
      return;
    case protocol::Order::deliver:
    case protocol::Order::refuse:
      return fail({.code = Errc::unexpected_message});
  }
}

void Worker::take_job(std::span<const std::byte> payload) {
  auto job = wire::decode_job(payload);
  if (!job) return fail(job.error());
  job_.emplace(std::move(*job));
  fsm_.on_job();
  deadline_.set_stall_timeout(job_->stall_timeout);
  preparing_ = true;
  // The end of a job that has failed elsewhere must be heard meanwhile.
  hearing_early_ = true;
  Buffer& buffer = control_.acquire();
  early_ = setting_.network.irecv(self_, kMaster, wire::Tag::data, buffer,
                                  [this, &buffer](const Arrival& arrival) {
                                    hearing_early_ = false;
                                    if (!arrival.cancelled) hear_early(buffer, arrival);
                                    control_.release(buffer);
                                    if (prepared_) open_slots();
                                  });
  prepare();
}

void Worker::hear_early(Buffer& buffer, const Arrival& /*arrival*/) {
  const auto message = open_message(buffer.bytes(), job_id_);
  if (!message) return fail(message.error());
  if (message->header.kind != wire::Kind::end) return fail({.code = Errc::unexpected_message});
  take_end(message->payload);
}

void Worker::prepare() {
  Errc error = Errc::ok;
  Duration length = random_.up_to(10 * setting_.scenario.write);
  setting_.faults.on(Occasion::preparation, self_, [&](const Plan& plan) {
    if (job_->discard) return;  // it looks at nothing
    if (plan.fault == Fault::preparation_slow) length += plan.length;
    if (plan.fault == Fault::destination_refused) error = Errc::dest_unusable;
    setting_.faults.happened(plan.fault);
  });
  setting_.world.after(length, self_, [this, error] { on_prepared(error); });
}

void Worker::on_prepared(Errc error) {
  prepared_ = error;
  setting_.network.cancel(self_, wire::Tag::data, early_);
  if (!hearing_early_) open_slots();
}

void Worker::open_slots() {
  preparing_ = false;
  const Errc error = *std::exchange(prepared_, std::nullopt);
  if (error != Errc::ok) fail({.code = error});
  if (fsm_.cancelled()) return look();
  const std::uint32_t window = job_->window;
  chunk_pool_.emplace(window);
  receiver_.emplace(protocol::ReceiverConfig{.self = self_,
                                             .workers = job_->workers,
                                             .job_id = job_id_,
                                             .chunk_size = job_->chunk_size,
                                             .source_size = job_->source_size,
                                             .reroute = job_->reroute});
  acks_.emplace(setting_, self_, window, job_id_, [this](bool sent) {
    if (!sent) fail({.code = Errc::mpi_failed});
    look();
  });
  if (job_->fsync) committer_.emplace(setting_, self_, disk_);
  receive_slots_.resize(window);
  open_slots_ = window;
  // All receives are posted before the master hears that it may send.
  for (std::size_t i = 0; i < receive_slots_.size(); ++i) {
    receive_slots_[i].buffer = &chunk_pool_->acquire();
    post_receive(i);
  }
  fsm_.on_ready();
  tell(wire::Kind::ready, wire::Ready{.host = "host", .directory = "out", .directory_id = "1"});
  if (!job_->resume) return;
  stocktaking_.emplace(setting_, self_, disk_, *job_, job_id_, fsm_, *receiver_, [this](bool sent) {
    if (!sent) fail({.code = Errc::mpi_failed});
    look();
  });
  stocktaking_->begin();
}

void Worker::take_end(std::span<const std::byte> payload) {
  auto end = wire::decode_end(payload);
  if (!end) return fail(end.error());
  end_ = std::move(*end);
  fsm_.on_end(end_->verdict);
  for (const ReceiveSlot& slot : receive_slots_) {
    setting_.network.cancel(self_, wire::Tag::data, slot.receive);
  }
  look();
}

// What Worker::run() does between two things that it waits for.
void Worker::look() {
  if (closing_ || preparing_ || open_slots_ > 0) return;
  if (!end_) {
    if (receive_slots_.empty()) receive_orders();
    return;
  }
  if ((acks_ && !acks_->idle()) || (stocktaking_ && !stocktaking_->idle())) return;
  closing_ = true;
  if (end_->verdict != Errc::ok || end_->sums_file.empty()) return close();
  block(disk_.delay(), [this] {
    if (const DiskError error = publish()) {
      fail({.code = Errc::dest_write_failed,
            .call = wire::call_name(error.call),
            .system_errno = error.system_errno});
    }
    close();
  });
}

DiskError Worker::publish() {
  // Chunks that were kept may have been written by a job without --fsync.
  if (job_->resume && job_->fsync) {
    if (const DiskError error = disk_.sync_all()) return error;
  }
  const DiskError error = disk_.publish(kSumsFile, {}, job_->fsync);
  // Where not even chunks could be written, the job does without a list of them.
  return unwritable_ ? DiskError{} : error;
}

void Worker::close() {
  wire::Closed closed;
  if (receiver_) {
    closed = {.chunks_written = receiver_->chunks_written(),
              .bytes_written = receiver_->bytes_written(),
              .chunks_corrupt = receiver_->chunks_corrupt(),
              .ack_messages = acks_->messages()};
    for (const ReceiveSlot& slot : receive_slots_) chunk_pool_->release(*slot.buffer);
  }
  closed.failure = fsm_.failure();
  tell(wire::Kind::closed, closed);
  closed_ = true;
}

// Told to the master once; the worker then goes on receiving, and dropping, until the end.
void Worker::fail(Failure failure) {
  failure.rank = self_;
  failure.host = "host";
  if (!fsm_.fail(std::move(failure))) return;
  if (!closed_) setting_.auditor.on_worker_failed(self_);
  tell_failure();
}

void Worker::tell_failure() { tell(wire::Kind::failed, *fsm_.failure()); }

template <class Message>
void Worker::tell(wire::Kind kind, const Message& message) {
  Buffer& buffer = control_.acquire();
  put_control(buffer.bytes(), kind, job_id_, message);
  setting_.network.isend(self_, kMaster, wire::Tag::status, buffer, [this, &buffer](bool sent) {
    control_.release(buffer);
    if (!sent) fail({.code = Errc::mpi_failed});
  });
}

void Worker::interrupt() {
  if (std::exchange(interrupted_, true) || fsm_.over()) return;  // further signals are swallowed
  setting_.trace("rank {} is interrupted", self_.value);
  Failure signal{.code = Errc::interrupted, .rank = self_, .detail = "interrupted (SIGINT)"};
  deadline_.on_interrupt();
  if (fsm_.interrupt(std::move(signal), clock_.now())) tell_failure();
}

// A system call: nothing else happens on this rank's thread meanwhile.
void Worker::block(Duration length, World::Action then) {
  setting_.world.after(length, self_, std::move(then));
  setting_.world.stop(self_, length);
}

}  // namespace mpiferry::sim

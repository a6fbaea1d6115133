// Does something when a call takes too long, while the call goes on.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace mpiferry {

// Calls `action` once, on a thread of its own, unless it is destroyed within `limit`. The
// destructor waits for an action that has begun.
class Alarm {
  struct OnlyStart {};

 public:
  // Nothing where no thread can be had (a limit on processes): the call goes on without a watch,
  // which is better than no call at all.
  static std::unique_ptr<Alarm> start(std::chrono::milliseconds limit,
                                      std::function<void()> action) noexcept {
    try {
      return std::make_unique<Alarm>(OnlyStart{}, limit, std::move(action));
    } catch (const std::exception&) {
      return nullptr;
    }
  }

  Alarm(OnlyStart, std::chrono::milliseconds limit, std::function<void()> action)
      : action_(std::move(action)), thread_([this, limit](const std::stop_token& stop) {
          std::unique_lock lock{mutex_};
          if (!wake_.wait_for(lock, stop, limit, [&] { return stop.stop_requested(); })) action_();
        }) {}

 private:
  std::function<void()> action_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace mpiferry

// The seam between work that would block the event loop and the thread that does it.
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "engine/base/result.hpp"

namespace mpiferry::threads {

// A thread beside the event loop.
class Thread {
 public:
  Thread() = default;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  // As join().
  virtual ~Thread() = default;

  // Does what is posted to it in that order, one thing at a time.
  virtual boost::asio::any_io_executor executor() = 0;
  // Waits until all that was posted is done. Nothing may be posted from then on.
  virtual void join() = 0;
};

// Not thread-safe.
class Threads {
 public:
  Threads() = default;
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  virtual ~Threads() = default;

  // invalid_argument, with errno, if no thread can be had.
  virtual Result<std::unique_ptr<Thread>> start() = 0;
};

// The system's.
class SystemThreads final : public Threads {
 public:
  Result<std::unique_ptr<Thread>> start() override;
};

}  // namespace mpiferry::threads

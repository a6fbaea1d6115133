// Threads that are none: what is posted to them is done between the turns of their rank's loop.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "engine/threads/threads.hpp"

namespace mpiferry::simulation {

class Beside final : public threads::Threads {
 public:
  Result<std::unique_ptr<threads::Thread>> start() override {
    return std::unique_ptr<threads::Thread>{std::make_unique<Queue>(*this)};
  }
  // Does one thing, on the first of them that has one. False if there is nothing to do.
  bool poll_one() {
    return std::ranges::any_of(queues_, [](Queue* queue) { return queue->poll_one(); });
  }

 private:
  class Queue final : public threads::Thread {
   public:
    explicit Queue(Beside& all) : all_(all) { all_.queues_.push_back(this); }
    ~Queue() override {
      join();
      std::erase(all_.queues_, this);
    }
    boost::asio::any_io_executor executor() override { return io_.get_executor(); }
    void join() override {
      while (poll_one()) {
      }
    }
    bool poll_one() {
      io_.restart();
      return io_.poll_one() > 0;
    }

   private:
    Beside& all_;
    boost::asio::io_context io_{1};
  };

  std::vector<Queue*> queues_;
};

}  // namespace mpiferry::simulation

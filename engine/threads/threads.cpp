#include "engine/threads/threads.hpp"

#include <system_error>

#include <boost/asio/thread_pool.hpp>
#include <boost/system/system_error.hpp>

namespace mpiferry::threads {
namespace {

class SystemThread final : public Thread {
 public:
  ~SystemThread() override { pool_.join(); }
  boost::asio::any_io_executor executor() override { return pool_.get_executor(); }
  void join() override { pool_.join(); }

 private:
  boost::asio::thread_pool pool_{1};
};

}  // namespace

std::unique_ptr<Thread> SystemThreads::start() {
  try {
    return std::make_unique<SystemThread>();
  } catch (const boost::system::system_error& error) {
    throw std::system_error{error.code(), "a thread"};
  }
}

}  // namespace mpiferry::threads

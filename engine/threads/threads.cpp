#include "engine/threads/threads.hpp"

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

Result<std::unique_ptr<Thread>> SystemThreads::start() {
  try {
    return std::unique_ptr<Thread>{std::make_unique<SystemThread>()};
  } catch (const boost::system::system_error& error) {
    return Failure{.code = Errc::invalid_argument,
                   .call = "pthread_create",
                   .system_errno = error.code().value(),
                   .hint = "raise the limit of this user's processes and threads (ulimit -u)"};
  }
}

}  // namespace mpiferry::threads

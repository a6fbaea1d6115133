// A communicator's ranks as a transport.
#pragma once

#include <utility>

#include "engine/mpi/communicator.hpp"
#include "engine/mpi/mpi_context.hpp"
#include "engine/transport/transport.hpp"

namespace mpiferry::mpi {

// Both outlive it.
class MpiTransport final : public transport::Transport {
 public:
  MpiTransport(MpiContext& context, const Communicator& communicator)
      : context_(context), communicator_(communicator) {}

  boost::asio::io_context& io() noexcept override { return context_.io(); }
  Rank rank() const noexcept override { return communicator_.rank(); }
  int size() const noexcept override { return communicator_.size(); }

  Operation isend(Lease lease, std::size_t payload_bytes, Rank to, int tag) override {
    return context_.isend(communicator_, std::move(lease), payload_bytes, to, tag);
  }
  Operation irecv(Lease lease, Rank from, int tag) override {
    return context_.irecv(communicator_, std::move(lease), from, tag);
  }
  void cancel(Operation operation) override { context_.cancel(operation); }
  std::size_t outstanding() const noexcept override { return context_.outstanding(); }
  std::uint64_t polls() const noexcept override { return context_.tests(); }
  void wait(Operation operation, transport::WaitOperation& waiting) override {
    context_.wait(operation, waiting);
  }
  transport::Arena& arena() noexcept override { return context_.arena(); }

 private:
  void begin_busy() noexcept override { context_.begin_busy(); }
  void end_busy() noexcept override { context_.end_busy(); }

  MpiContext& context_;
  const Communicator& communicator_;
};

}  // namespace mpiferry::mpi

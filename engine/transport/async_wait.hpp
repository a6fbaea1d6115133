// Waiting for an operation, with any of Asio's completion tokens.
#pragma once

#include <type_traits>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>

#include "engine/transport/completion.hpp"
#include "engine/transport/operation.hpp"
#include "engine/transport/wait_operation.hpp"

namespace mpiferry::transport {

namespace detail {

template <class Context>
struct CancelOperation {
  Context* context;
  Operation operation;
  void operator()(boost::asio::cancellation_type) const { context->cancel(operation); }
};

template <class Context>
struct InitiateWait {
  template <class Handler>
  void operator()(Handler&& handler, Context* context, Operation operation) const {
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) slot.assign(CancelOperation<Context>{context, operation});
    context->wait(operation, *WaitOperationFor<std::decay_t<Handler>>::make(
                                 context->arena(), std::forward<Handler>(handler),
                                 context->io().get_executor()));
  }
};

}  // namespace detail

// Waits for an operation: void(ErrorCode, Completion), through the token's executor, never from
// within this call. Each operation is waited for once, before it is detached or cancelled without a
// waiter; the handler's executor must be one of the thread that runs the io_context. Cancelling the
// wait (its cancellation slot) cancels the operation. `Context`: a Transport, or mpi::MpiContext.
template <class Context, class Token>
auto async_wait(Context& context, Operation operation, Token&& token) {
  return boost::asio::async_initiate<Token, void(ErrorCode, Completion)>(
      detail::InitiateWait<Context>{}, token, &context, operation);
}

}  // namespace mpiferry::transport

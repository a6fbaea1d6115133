// A value or the failure that stood in its way: C++23's std::expected, as far as it is used here.
#pragma once

#include <cassert>
#include <utility>
#include <variant>

#include "engine/base/failure.hpp"

namespace mpiferry {

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  explicit operator bool() const noexcept { return state_.index() == 0; }

  // Precondition for value access: *this holds a value.
  T& operator*() & noexcept { return *value_ptr(); }
  const T& operator*() const& noexcept { return *value_ptr(); }
  T&& operator*() && noexcept { return std::move(*value_ptr()); }
  T* operator->() noexcept { return value_ptr(); }
  const T* operator->() const noexcept { return value_ptr(); }

  // Precondition: *this holds a failure.
  Failure& error() noexcept { return *error_ptr(); }
  const Failure& error() const noexcept { return *error_ptr(); }

 private:
  T* value_ptr() noexcept {
    assert(state_.index() == 0);
    return std::get_if<0>(&state_);
  }
  const T* value_ptr() const noexcept {
    assert(state_.index() == 0);
    return std::get_if<0>(&state_);
  }
  Failure* error_ptr() noexcept {
    assert(state_.index() == 1);
    return std::get_if<1>(&state_);
  }
  const Failure* error_ptr() const noexcept {
    assert(state_.index() == 1);
    return std::get_if<1>(&state_);
  }

  std::variant<T, Failure> state_;
};

struct Nothing {};
// The outcome of an action that yields nothing: `return Nothing{};`
using Outcome = Result<Nothing>;

}  // namespace mpiferry

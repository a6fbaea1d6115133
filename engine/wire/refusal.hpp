// What a decoder returns for bytes that it does not take. Internal to the layer.
#pragma once

#include <string>
#include <utility>

#include "engine/base/error.hpp"
#include "engine/base/failure.hpp"

namespace mpiferry::wire {

inline Failure refusal(Errc code, std::string detail = {}) {
  Failure failure;
  failure.code = code;
  failure.detail = std::move(detail);
  return failure;
}

inline Failure bad_field(std::string detail) { return refusal(Errc::bad_field, std::move(detail)); }

}  // namespace mpiferry::wire

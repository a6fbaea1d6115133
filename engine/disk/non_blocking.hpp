// O_NONBLOCK on a descriptor that is not ours, for a while.
#pragma once

#include "engine/disk/descriptor.hpp"

namespace mpiferry::disk {

// Takes the flag back when it is destroyed, if it has set it. So long every other descriptor of the
// same open file (a terminal's, for example) has it, too. Move-only.
class NonBlocking {
 public:
  NonBlocking() noexcept = default;
  NonBlocking(NonBlocking&& other) noexcept : descriptor_(other.descriptor_.release()) {}
  NonBlocking& operator=(NonBlocking&&) = delete;
  ~NonBlocking();

  // False, with errno, if the flag cannot be set. `descriptor` stays the caller's.
  bool set(int descriptor) noexcept;

 private:
  Descriptor descriptor_;  // a duplicate: the flag belongs to the open file, not to the number
};

}  // namespace mpiferry::disk

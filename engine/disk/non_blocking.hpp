// O_NONBLOCK on a descriptor that is not ours, for a while.
#pragma once

#include "engine/storage/file.hpp"

namespace mpiferry::disk {

// Takes the flag back when it is destroyed, if it has set it. So long every other descriptor of the
// same open file (a terminal's, for example) has it, too. Move-only.
class NonBlocking {
 public:
  NonBlocking() noexcept = default;
  NonBlocking(NonBlocking&& other) noexcept
      : storage_(other.storage_), descriptor_(std::move(other.descriptor_)) {}
  NonBlocking& operator=(NonBlocking&&) = delete;
  ~NonBlocking();

  // False, with errno, if the flag cannot be set. `descriptor` stays the caller's.
  bool set(storage::Storage& storage, int descriptor) noexcept;

 private:
  storage::Storage* storage_ = nullptr;
  storage::File descriptor_;  // a duplicate: the flag belongs to the open file, not to the number
};

}  // namespace mpiferry::disk

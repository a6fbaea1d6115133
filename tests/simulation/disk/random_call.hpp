// Random calls of a file system.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <random>
#include <string>
#include <string_view>
#include <sys/types.h>

#include <fmt/format.h>

namespace mpiferry::simulation {

// Some do more than the call of their name.
enum class CallKind : std::uint8_t {
  open,
  close,
  write,
  write_at,
  read,
  read_at,
  truncate,
  seek,
  allocate,
  rename,
  link,
  unlink,
  stat,
  lock,
  list,
  duplicate,
  flags,
  set_attributes,
  sync,
  make_directory,
};

// What may be needed for one. Each kind takes what it needs.
struct RandomCall {
  CallKind kind = CallKind::open;
  std::size_t slot = 0;   // of a descriptor
  std::size_t other = 0;  // another
  std::string_view name;
  std::string_view to;
  int flags = 0;
  mode_t mode = 0;
  off_t offset = 0;
  std::size_t length = 0;
  std::size_t choice = 0;  // of five

  std::string text() const {
    return fmt::format(
        "kind {} slots {} {} '{}' to '{}' flags {:o} mode {:o} at {} + {}, choice {}",
        static_cast<int>(kind), slot, other, name, to, flags, mode, offset, length, choice);
  }
};

class RandomCalls {
 public:
  static constexpr std::size_t kSlots = 5;

  explicit RandomCalls(std::uint64_t seed) : random_(seed) {}

  RandomCall next() {
    constexpr auto kKinds = static_cast<std::uint64_t>(CallKind::make_directory) + 1;
    const std::uint64_t kind = number(kKinds);  // one in so many is an open more
    RandomCall call;
    call.kind = kind < kKinds ? static_cast<CallKind>(kind) : CallKind::open;
    call.slot = number(kSlots - 1);
    call.other = number(kSlots - 1);
    call.name = name();
    call.to = name();
    call.flags = open_flags();
    call.mode = std::array<mode_t, 5>{0666, 0600, 0444, 0755, 0240}[number(4)];
    // Around the ends of pages.
    call.offset = static_cast<off_t>(number(20)) - 1 + static_cast<off_t>(number(4) * 4096);
    call.length = one_in(4) ? number(9000) : number(300);
    call.choice = number(4);
    return call;
  }

 private:
  std::uint64_t number(std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>{0, most}(random_);
  }
  bool one_in(std::uint64_t many) { return number(many - 1) == 0; }
  // Few, so that calls meet; "sub" is a directory.
  std::string_view name() {
    static constexpr auto kNames = std::to_array<std::string_view>(
        {"a",    "b",  "c", "a",  "b", "c",   "./a",    "sub/x", "sub/../b", "d",      "e",
         "sub/", "a/", ".", "..", "",  "a/x", "none/x", "sub/.", "new/",     "sub//x", "sub"});
    return kNames[number(kNames.size() - 1)];
  }
  int open_flags() {
    int flags = std::array{O_RDONLY, O_WRONLY, O_RDWR, O_RDWR}[number(3)] | O_CLOEXEC;
    if (!one_in(3)) flags |= one_in(4) ? O_CREAT | O_EXCL : O_CREAT;
    if (one_in(6)) flags |= O_TRUNC;
    if (one_in(6)) flags |= O_APPEND;
    if (one_in(9)) flags |= O_DIRECTORY;
    if (one_in(3)) flags |= O_NOFOLLOW;
    if (one_in(3)) flags |= O_NONBLOCK;
    return flags;
  }

  std::mt19937_64 random_;
};

}  // namespace mpiferry::simulation

// Random calls, made of the simulated disk and of the kernel: both must answer the same.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <linux/falloc.h>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "engine/posix/posix_storage.hpp"
#include "tests/simulation/disk/random_call.hpp"
#include "tests/simulation/disk/rank_storage.hpp"

namespace mpiferry::simulation {
namespace {

using storage::Storage;

// A directory of its own, in another, in memory if the machine has such: calls may reach its
// parent.
class KernelDirectory {
 public:
  KernelDirectory() {
    if (!std::filesystem::is_directory("/dev/shm")) path_ = ::testing::TempDir();
    path_ += "/mpiferry-disk-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp");
    std::filesystem::permissions(path_, std::filesystem::perms{0755});
    std::filesystem::create_directory(path());
  }
  KernelDirectory(const KernelDirectory&) = delete;
  KernelDirectory& operator=(const KernelDirectory&) = delete;
  ~KernelDirectory() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_ + "/test"; }

 private:
  std::string path_ = "/dev/shm";
};

// One of the two that are compared.
class Side {
 public:
  // If it `reserves` space, file systems differ in what they call data: nobody looks for it.
  Side(Storage& storage, std::string root, bool reserves)
      : storage_(storage),
        root_(std::move(root)),
        reserves_(reserves),
        directory_(storage_.open_at(AT_FDCWD, root_.c_str(), O_RDONLY | O_DIRECTORY, 0)) {
    files_.fill(-1);
    storage_.make_directory((root_ + "/sub").c_str(), 0777);
  }
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;
  ~Side() {
    for (const int file : files_) close(file);
    close(directory_);
  }

  bool is_open(std::size_t slot) const { return files_[slot] >= 0; }
  bool is_directory(std::string_view name) {
    struct stat status {};
    return storage_.stat_at(directory_, std::string{name}.c_str(), status, 0) == 0 &&
           S_ISDIR(status.st_mode);
  }

  // What the call returns, in words.
  std::string make(const RandomCall& call) {
    const int file = files_[call.slot];
    const std::string name{call.name};
    const std::string to{call.to};
    switch (call.kind) {
      case CallKind::open:
        return open(call);
      case CallKind::close:
        return answer(close(std::exchange(files_[call.slot], -1)));
      case CallKind::write:
        return answer(storage_.write(file, bytes_of(call)));
      case CallKind::write_at:
        return answer(storage_.write_at(file, bytes_of(call), call.offset));
      case CallKind::read:
        return read(file, call.length, std::nullopt);
      case CallKind::read_at:
        return read(file, call.length, call.offset);
      case CallKind::truncate:
        return answer(storage_.truncate(file, call.offset));
      case CallKind::seek:
        return seek(file, call);
      case CallKind::allocate:
        return allocate(file, call);
      case CallKind::rename:
        return answer(storage_.rename(directory_, name.c_str(), to.c_str(),
                                      call.choice < 2 ? 0 : RENAME_NOREPLACE));
      case CallKind::link:
        return answer(storage_.link(directory_, name.c_str(), to.c_str()));
      case CallKind::unlink:
        return answer(storage_.unlink(directory_, name.c_str()));
      case CallKind::stat:
        return stat(name);
      case CallKind::lock:
        return answer(storage_.lock(file, kLocks[call.choice] | LOCK_NB));
      case CallKind::list:
        return list(file);
      case CallKind::duplicate:
        return keep(call.other, storage_.duplicate(file));
      case CallKind::flags:
        return flags(file, call);
      case CallKind::set_attributes:
        return set_attributes(file, call);
      case CallKind::sync:
        return answer(call.choice < 2 ? storage_.sync(file) : storage_.sync_data(file)) +
               read(file, kWhole, 0);
      case CallKind::make_directory:
        return make_directory(name, call.mode | 0700);
    }
    return "";
  }

 private:
  static constexpr std::array kLocks{LOCK_SH, LOCK_EX, LOCK_UN, LOCK_EX, LOCK_SH};
  static constexpr std::size_t kWhole = 1U << 16U;  // no file is so long

  int close(int file) { return storage_.close(file); }

  static std::string answer(std::int64_t result) {
    return result < 0 ? fmt::format("{} errno {}", result, errno) : std::to_string(result);
  }

  // The numbers of descriptors differ between kernel and disk, so the slot's is noted.
  std::string keep(std::size_t slot, int file) {
    if (file < 0) return answer(file);
    close(std::exchange(files_[slot], file));
    return "open";
  }
  std::string open(const RandomCall& call) {
    const std::string name{call.name};
    return keep(call.slot, storage_.open_at(directory_, name.c_str(), call.flags, call.mode));
  }

  // Nothing removes directories: most of the names have to be left to files.
  std::string make_directory(std::string name, mode_t mode) {
    if (name.ends_with('a') || name.ends_with('b') || name.ends_with('c') || name.ends_with('x')) {
      name += "2";
    }
    return answer(storage_.make_directory((root_ + "/" + name).c_str(), mode));
  }

  static std::vector<std::byte> bytes_of(const RandomCall& call) {
    std::vector<std::byte> bytes(call.length);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<std::byte>(i * 7 + call.length + call.other);
    }
    return bytes;
  }

  std::string read(int file, std::size_t length, std::optional<off_t> offset) {
    std::string bytes(length, '?');
    const auto out = std::as_writable_bytes(std::span{bytes});
    const std::string result =
        answer(offset ? storage_.read_at(file, out, *offset) : storage_.read(file, out));
    return fmt::format("{}, bytes {:x}", result, std::hash<std::string>{}(bytes));
  }

  std::string seek(int file, const RandomCall& call) {
    const int whence = std::array{SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE}[call.choice];
    if (is_of_directory(file) || (reserves_ && call.choice > 2)) return "";
    return answer(storage_.seek(file, call.offset - 8, whence));
  }

  // Whether that changes the time is up to the file system.
  std::string allocate(int file, const RandomCall& call) {
    constexpr int kPunch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    struct stat status {};
    const int mode = !reserves_ ? kPunch : std::array{0, 1, kPunch, 0, 2}[call.choice];
    const auto length = static_cast<off_t>(call.length);
    // Behind the end ext4 gives back what tmpfs keeps.
    const bool differs =
        storage_.stat(file, status) == 0 && mode == kPunch && call.offset + length > status.st_size;
    if (differs || is_of_directory(file)) return "";
    const std::string result = answer(storage_.allocate(file, mode, call.offset, length));
    return fmt::format("{} {}", result, storage_.set_modified(file, {.tv_sec = 5, .tv_nsec = 0}));
  }

  std::string set_attributes(int file, const RandomCall& call) {
    if (is_of_directory(file)) return "";
    if (call.choice == 0) return answer(storage_.set_mode(file, call.mode));
    if (call.choice == 1) {
      return answer(storage_.set_modified(file, {.tv_sec = call.offset, .tv_nsec = 7}));
    }
    const uid_t user = call.choice == 2 ? static_cast<uid_t>(-1) : 4321;
    const gid_t group = call.choice == 4 ? 4321 : ::getegid();
    return answer(storage_.set_owner(file, user, group));
  }

  std::string flags(int file, const RandomCall& call) {
    constexpr int kSeen = O_ACCMODE | O_APPEND | O_NONBLOCK;
    const int set = storage_.set_flags(file, call.choice == 2 ? O_APPEND : O_NONBLOCK);
    const int now = storage_.flags(file);
    return fmt::format("{} {}", set, now < 0 ? now : now & kSeen);
  }

  // In order, as the kernel has none.
  std::string list(int directory) {
    const auto listing = storage_.list(directory);
    if (listing == nullptr) return answer(-1);
    std::vector<std::string> names;
    while (const auto entry = listing->next()) {
      names.push_back(fmt::format("{}:{}", entry->name, static_cast<int>(entry->type)));
    }
    std::ranges::sort(names);
    return fmt::format("{} {}", errno, fmt::join(names, ","));
  }

  bool is_of_directory(int file) {
    struct stat status {};
    return storage_.stat(file, status) == 0 && S_ISDIR(status.st_mode);
  }

  std::string stat(const std::string& name) {
    struct stat status {};
    const int result = storage_.stat_at(directory_, name.c_str(), status, AT_SYMLINK_NOFOLLOW);
    return result == 0 ? attributes(status) : answer(result);
  }

  // Names the slots that lead to the same file as well.
  std::string attributes(const struct stat& status) {
    std::string text = fmt::format("mode {:o} links {} user {} group {}", status.st_mode,
                                   status.st_nlink, status.st_uid, status.st_gid);
    constexpr time_t kLongAgo = 100'000;  // set, and not by a write
    if (!S_ISDIR(status.st_mode)) {
      text += fmt::format(" size {} modified {}", status.st_size,
                          status.st_mtim.tv_sec < kLongAgo ? status.st_mtim.tv_sec : -1);
    }
    for (const int file : files_) {
      struct stat opened {};
      text += storage_.stat(file, opened) == 0 && opened.st_ino == status.st_ino ? '=' : '.';
    }
    return text;
  }

  Storage& storage_;
  const std::string root_;
  const bool reserves_;
  const int directory_;
  std::array<int, RandomCalls::kSlots> files_{};
};

// No directory leaves its directory on the simulated disk; and which of two mistakes is found first
// is nobody's business.
bool is_supported(const RandomCall& call, Side& side) {
  if (call.offset < 0 && !side.is_open(call.slot)) return false;
  return call.kind != CallKind::rename || !side.is_directory(call.name) ||
         (call.name.find('/') == call.name.npos && call.to.find('/') == call.to.npos);
}

constexpr std::uint64_t kSeeds = 30;

void compare(std::uint64_t seed, bool reserves) {
  constexpr int kCalls = 2000;
  constexpr std::size_t kShown = 12;
  const KernelDirectory directory;
  posix::PosixStorage kernel;
  World world{seed};
  Disk disk{world, {.user = ::geteuid(), .group = ::getegid()}};
  RankStorage simulated{disk, {.pid = 1, .host = "host"}};
  disk.make_directories("/parent/test");
  Side real{kernel, directory.path(), reserves};
  Side ours{simulated, "/parent/test", reserves};
  RandomCalls calls{seed};
  std::deque<std::string> last;
  for (int i = 0; i < kCalls; ++i) {
    const RandomCall call = calls.next();
    if (!is_supported(call, ours)) continue;
    const std::string expected = real.make(call);
    const std::string got = ours.make(call);
    last.push_back(call.text() + ": " + got);
    if (last.size() > kShown) last.pop_front();
    ASSERT_EQ(got, expected) << fmt::format("seed {}, call {}\n{}", seed, i, fmt::join(last, "\n"));
  }
}

TEST(DiskAndKernel, answer_the_same) {
  const mode_t before = ::umask(022);
  for (std::uint64_t seed = 1; seed <= kSeeds && !HasFatalFailure(); ++seed) compare(seed, false);
  ::umask(before);
}

TEST(DiskAndKernel, answer_the_same_where_space_is_reserved) {
  const mode_t before = ::umask(022);
  for (std::uint64_t seed = 1; seed <= kSeeds && !HasFatalFailure(); ++seed) compare(seed, true);
  ::umask(before);
}

}  // namespace
}  // namespace mpiferry::simulation

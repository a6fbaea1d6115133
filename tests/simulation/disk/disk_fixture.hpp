// A simulated disk and a rank that uses it, for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <span>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <gtest/gtest.h>

#include "tests/simulation/disk/rank_storage.hpp"

namespace mpiferry::simulation {

class SimulatedDisk : public ::testing::Test {
 protected:
  static constexpr int kNew = O_RDWR | O_CREAT | O_EXCL;

  int open(const char* path, int flags, mode_t mode = 0666) {
    return storage_.open_at(AT_FDCWD, path, flags, mode);
  }
  ssize_t write(int file, std::string_view bytes) {
    return storage_.write(file, std::as_bytes(std::span{bytes}));
  }
  ssize_t write_at(int file, std::string_view bytes, off_t offset) {
    return storage_.write_at(file, std::as_bytes(std::span{bytes}), offset);
  }
  // What one call reads.
  std::string read_at(int file, std::size_t bytes, off_t offset) {
    std::string out(bytes, '?');
    const ssize_t got = storage_.read_at(file, std::as_writable_bytes(std::span{out}), offset);
    out.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return out;
  }
  struct stat status_of(int file) {
    struct stat status {};
    EXPECT_EQ(storage_.stat(file, status), 0);
    return status;
  }
  struct stat status_of(const char* path) {
    struct stat status {};
    EXPECT_EQ(storage_.stat_at(AT_FDCWD, path, status, 0), 0) << path;
    return status;
  }
  std::uint64_t free_pages() {
    const int root = open("/", O_RDONLY | O_DIRECTORY);
    struct statvfs space {};
    EXPECT_EQ(storage_.space(root, space), 0);
    storage_.close(root);
    return space.f_bavail;
  }

  World world_{1};
  Disk disk_{world_};
  const storage::ProcessId process_{.pid = 1, .host = "host0", .started = 10};
  RankStorage storage_{disk_, process_};
};

}  // namespace mpiferry::simulation

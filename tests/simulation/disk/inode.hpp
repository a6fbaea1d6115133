// What a simulated disk keeps of one file, directory or FIFO.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <vector>

#include "tests/simulation/disk/contents.hpp"
#include "tests/simulation/disk/file_lock.hpp"
#include "tests/simulation/disk/pipe.hpp"

namespace mpiferry::simulation {

// As on ext4, a new file gets the lowest number that is free, which a file that has gone may have
// had: who takes a number for a file is found out.
class InodeNumbers {
 public:
  ino_t take() {
    if (free_.empty()) return next_++;
    const ino_t number = free_.top();
    free_.pop();
    return number;
  }
  void give_back(ino_t number) { free_.push(number); }

 private:
  std::priority_queue<ino_t, std::vector<ino_t>, std::greater<>> free_;
  ino_t next_ = 2;
};

struct Attributes {
  mode_t mode = 0;  // with the kind
  uid_t user = 0;
  gid_t group = 0;
  timespec modified{};
};

struct Inode;
using Names = std::map<std::string, std::shared_ptr<Inode>, std::less<>>;

// The numbers and the space must outlive it.
struct Inode : std::enable_shared_from_this<Inode> {
  Inode(InodeNumbers& all_numbers, Space& space, const Attributes& given)
      : numbers(all_numbers), number(all_numbers.take()), attributes(given), contents(space) {
    durable.attributes = given;
  }
  Inode(const Inode&) = delete;
  Inode& operator=(const Inode&) = delete;
  ~Inode() { numbers.give_back(number); }

  bool is_regular() const noexcept { return S_ISREG(attributes.mode); }
  bool is_directory() const noexcept { return S_ISDIR(attributes.mode); }
  bool is_fifo() const noexcept { return S_ISFIFO(attributes.mode); }

  InodeNumbers& numbers;
  const ino_t number;
  Attributes attributes;
  nlink_t links = 0;   // of a directory that has a name: 2, and one for each directory in it
  int open_files = 0;  // that lead here
  FileLock lock;

  std::uint64_t size = 0;
  Contents contents;           // of a file
  Names names;                 // in a directory
  Inode* parent = nullptr;     // of a directory
  std::shared_ptr<Pipe> pipe;  // of a FIFO

  // What a power cut leaves.
  struct Durable {
    Attributes attributes;
    std::uint64_t size = 0;
    Contents::Pages pages;
    Names names;
  };
  Durable durable;
};

}  // namespace mpiferry::simulation

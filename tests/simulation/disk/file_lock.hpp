// Keeps the locks of flock(2) on one simulated file.
#pragma once

#include <algorithm>
#include <vector>

namespace mpiferry::simulation {

// An owner is an open file, which all its duplicates share.
class FileLock {
 public:
  // False if others do not allow it. As in Linux, an owner that asks for another kind of lock than
  // it has loses that first, even if it does not get the other.
  bool lock(const void* owner, bool exclusive) {
    if (std::ranges::count(owners_, owner) > 0) {
      if (exclusive == exclusive_) return true;
      unlock(owner);
    }
    if (!owners_.empty() && (exclusive || exclusive_)) return false;
    exclusive_ = exclusive;
    owners_.push_back(owner);
    return true;
  }
  void unlock(const void* owner) { std::erase(owners_, owner); }

 private:
  bool exclusive_ = false;
  std::vector<const void*> owners_;
};

}  // namespace mpiferry::simulation

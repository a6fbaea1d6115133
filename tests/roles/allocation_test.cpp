// Once a job is under way, a chunk costs no allocation: not on the master, not on a worker.
//
// Counted are operator new, wherever it is called, and the C allocation functions as far as our own
// code calls them: what MPI allocates inside its libraries is its own affair.
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>

#include "tests/roles/support.hpp"

#if defined(__GLIBC__) && !defined(MPIFERRY_SANITIZED)
#define FERRY_COUNTS_ALLOCATIONS 1
#include <execinfo.h>
#include <unistd.h>
#endif

namespace {

std::uint64_t allocations = 0;  // one thread: MPI's helpers call none of these from our code

}  // namespace

#ifdef FERRY_COUNTS_ALLOCATIONS
// NOLINTBEGIN: names and signatures are those of the C library and of the linker.
extern "C" {
extern const char __executable_start;
extern const char etext;
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

namespace {

// FERRY_ALLOCATION_TRACE=1 tells where from; for people who look for the cause of a failure.
bool trace = false;

void count() {
  ++allocations;
  if (!trace) return;
  trace = false;
  void* frames[24];
  ::backtrace_symbols_fd(frames, ::backtrace(frames, 24), 2);
  [[maybe_unused]] const auto ignored = ::write(2, "--\n", 3);
  trace = true;
}

void count_if_ours(const void* caller) {
  const auto* address = static_cast<const char*>(caller);
  if (address >= &__executable_start && address < &etext) count();
}

}  // namespace

extern "C" {
void* malloc(std::size_t size) {
  count_if_ours(__builtin_return_address(0));
  return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
  count_if_ours(__builtin_return_address(0));
  return __libc_calloc(number, size);
}
void* realloc(void* old, std::size_t size) {
  count_if_ours(__builtin_return_address(0));
  return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  count_if_ours(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
  count_if_ours(__builtin_return_address(0));
  *out = __libc_memalign(alignment, size);
  return *out != nullptr ? 0 : ENOMEM;
}
}

void* operator new(std::size_t size) {
  count();
  if (void* memory = __libc_malloc(size != 0 ? size : 1)) return memory;
  throw std::bad_alloc{};
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  count();
  if (void* memory = __libc_memalign(static_cast<std::size_t>(alignment), size)) return memory;
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { __libc_free(memory); }
void operator delete(void* memory, std::size_t) noexcept { __libc_free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { __libc_free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { __libc_free(memory); }
// NOLINTEND
#endif

namespace mpiferry {
namespace {

// Notes the count when the job has found its pace, and at its last chunk.
class Pace final : public Observer {
 public:
  Pace(std::uint64_t warm, std::uint64_t last) : warm_(warm), last_(last) {}
  std::uint64_t between() const { return at_last_ - at_warm_; }
  int steps() const { return steps_; }

 private:
  void on_sent(ChunkIndex chunk, Rank /*to*/) override { step(chunk); }
  void on_written(Rank /*self*/, ChunkIndex chunk, const std::string& /*directory*/,
                  std::string_view /*file*/) override {
    step(chunk);
  }
  void step(ChunkIndex chunk) {
    if (chunk.value < warm_ || chunk.value > last_) return;
    if (steps_++ == 0) {
      at_warm_ = allocations;
#ifdef FERRY_COUNTS_ALLOCATIONS
      trace = std::getenv("FERRY_ALLOCATION_TRACE") != nullptr;
#endif
    }
    at_last_ = allocations;
#ifdef FERRY_COUNTS_ALLOCATIONS
    if (chunk.value + 8 > last_) trace = false;
#endif
  }

  std::uint64_t warm_, last_;
  std::uint64_t at_warm_ = 0, at_last_ = 0;
  int steps_ = 0;
};

class Allocation : public ApiTest {
 protected:
  void SetUp() override {
#ifndef FERRY_COUNTS_ALLOCATIONS
    GTEST_SKIP() << "allocations cannot be counted: not glibc, or AddressSanitizer has taken over";
#endif
  }

  // Returns the allocations between chunk kWarm and the last one of `chunks`.
  std::uint64_t steady(const std::string& name, std::uint64_t chunks, const JobOptions& how = {}) {
    ScatterOptions options = job(MPI_COMM_WORLD, name, chunks * kChunk);
    options.job = how;
    Pace pace{kWarm, chunks - 1};
    const ScatterReport report = scatter(MPI_COMM_WORLD, options, pace);
#ifdef FERRY_COUNTS_ALLOCATIONS
    trace = false;
#endif
    EXPECT_TRUE(report.job.ok());
    EXPECT_GT(pace.steps(), 0);
    return pace.between();
  }

  // Pools and tables grow to the most that was ever needed at once, which may come late; that is
  // bounded by the window, not by the number of chunks.
  static constexpr std::uint64_t kGrowth = 24;
  static constexpr std::uint64_t kWarm = 200;
};

TEST_F(Allocation, counter_sees_allocations) {
  const std::uint64_t before = allocations;
  delete new int;
  std::free(std::malloc(1));
  // Without volatile the compiler removes both.
  void* volatile memory = std::malloc(10);
  std::free(memory);
  EXPECT_GE(allocations, before + 1);
}

TEST_F(Allocation, steady_state_costs_none_a_chunk) {
  // With the window that chunks of this size have by default, the tables still grow after kWarm.
  const JobOptions narrow{.window = 32};
  const std::uint64_t few = steady("few", 400, narrow);
  const std::uint64_t many = steady("many", 4000, narrow);
  EXPECT_LE(few, kGrowth);
  EXPECT_LE(many, kGrowth);
}

TEST_F(Allocation, window_of_1_costs_none_a_chunk) {
  EXPECT_LE(steady("out", 2000, {.window = 1}), kGrowth);
}

TEST_F(Allocation, wide_window_costs_none_a_chunk) {
  // Each chunk of the windows may need its buffer, and its blocks for the handlers, once.
  const auto in_flight = static_cast<std::uint64_t>(64 * (size_of(MPI_COMM_WORLD) - 1));
  EXPECT_LE(steady("out", 4000, {.window = 64}), kGrowth + 3 * in_flight);
}

TEST_F(Allocation, damaged_chunks_cost_none) {
  // A damaged chunk is back within a window, and so is never damaged twice in a row.
  EXPECT_LE(steady("out", 2000, {.window = 4, .faults = {.corrupt_every = 7}}), kGrowth);
}

}  // namespace
}  // namespace mpiferry

// What a transfer is made of, each part alone on all the cores that the job can use: PROCESSES of
// them share BYTES, chunk i by process i % PROCESSES, with hot buffers of one chunk.
//
// bench_parts PROCESSES CHUNK BYTES SOURCE DIR
//
//   read         pread of SOURCE
//   hash_master  XXH3-64 of the chunk and XXH128 of the file
//   copy         from another process, as MPI moves a chunk on one host (process_vm_readv)
//   hash_worker  XXH3-64
//   write        chunk files in DIR: open, write, close; 0 if DIR is -, for a job that writes
//   nothing
//
// Prints one line of JSON: the seconds of each part, and {"processes": n, "chunk": n, "bytes": n}.
// bench/mpiferry_bench/peers/parts.py says what follows from them.
#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include "bench/limits/chunk_files.hpp"
#include "bench/limits/numbers.hpp"
#include "bench/limits/pages.hpp"
#include "bench/limits/processes.hpp"
#include "engine/wire/digest.hpp"

namespace {

using namespace mpiferry;
using namespace mpiferry::limits;

struct Plan {
  ChunkFiles files;  // its writers are our processes
  std::filesystem::path source;
};

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error{errno, std::generic_category(), what};
}

// Calls handle(offset, length) for each chunk of this process.
template <class Handle>
void own_chunks(const ChunkFiles& files, int index, const Handle& handle) {
  const auto step = static_cast<std::uint64_t>(files.writers);
  for (auto chunk = static_cast<std::uint64_t>(index); chunk < files.count(); chunk += step) {
    const std::uint64_t offset = chunk * files.chunk;
    handle(offset, std::min(files.chunk, files.bytes - offset));
  }
}

Work read(const Plan& plan, int index) {
  const int file = ::open(plan.source.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(plan.source.string() + ": open");
  return [&plan, index, file, buffer = Pages(plan.files.chunk)] {
    own_chunks(plan.files, index, [&](std::uint64_t offset, std::uint64_t length) {
      if (::pread(file, buffer.data(), length, static_cast<off_t>(offset)) !=
          static_cast<ssize_t>(length)) {
        fail(plan.source.string() + ": short pread");
      }
    });
  };
}

// So that the compiler computes what nobody prints.
volatile std::uint64_t sink = 0;

Work hash_master(const Plan& plan, int index) {
  return [&plan, index, buffer = Pages(plan.files.chunk)] {
    wire::FileDigest whole;
    std::uint64_t all = 0;
    own_chunks(plan.files, index, [&](std::uint64_t, std::uint64_t length) {
      const auto bytes = buffer.all().first(length);
      all ^= wire::chunk_digest(bytes);
      whole.update(bytes);
    });
    sink = all ^ whole.value().low;
  };
}

Work hash_worker(const Plan& plan, int index) {
  return [&plan, index, buffer = Pages(plan.files.chunk)] {
    std::uint64_t all = 0;
    own_chunks(plan.files, index, [&](std::uint64_t, std::uint64_t length) {
      all ^= wire::chunk_digest(buffer.all().first(length));
    });
    sink = all;
  };
}

// A child that holds a chunk and sleeps. A descendant, because only its memory may be read where
// ptrace is restricted (kernel.yama.ptrace_scope = 1). It ends with us.
class Holder {
 public:
  explicit Holder(std::size_t size) : bytes_(size) {
    child_ = ::fork();
    if (child_ < 0) fail("fork");
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      // The pipes of the processes: while we hold them, nobody sees that a member has failed.
      ::close_range(3, ~0U, 0);
      bytes_.renew(std::byte{2});
      for (;;) ::pause();
    }
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  // Both processes know the chunk by the same address.
  void copy(std::span<std::byte> to) {
    const iovec local{to.data(), to.size()};
    const iovec remote{bytes_.data(), to.size()};
    if (::process_vm_readv(child_, &local, 1, &remote, 1, 0) != static_cast<ssize_t>(to.size())) {
      fail("process_vm_readv");
    }
  }
  // Whether the child has made the pages its own.
  bool ready() const {
    std::byte last{};
    const iovec local{&last, 1};
    const iovec remote{&bytes_.all().back(), 1};
    if (::process_vm_readv(child_, &local, 1, &remote, 1, 0) != 1) fail("process_vm_readv");
    return last == std::byte{2};
  }

 private:
  Pages bytes_;
  pid_t child_ = -1;
};

Work copy(const Plan& plan, int index) {
  const auto holder = std::make_shared<Holder>(plan.files.chunk);
  while (!holder->ready()) ::usleep(1000);
  return [&plan, index, holder, buffer = Pages(plan.files.chunk)] {
    own_chunks(plan.files, index, [&](std::uint64_t, std::uint64_t length) {
      holder->copy(buffer.all().first(length));
    });
  };
}

double seconds(const Plan& plan, Work (*part)(const Plan&, int)) {
  const auto result =
      time_together(plan.files.writers, [&](int index) { return part(plan, index); });
  if (!result) throw std::runtime_error{"a process failed"};
  return *result;
}

Plan parse(std::span<char*> arguments) {
  if (arguments.size() != 6) {
    throw std::invalid_argument{"takes PROCESSES CHUNK BYTES SOURCE DIR"};
  }
  Plan plan;
  plan.files.writers = static_cast<int>(number("PROCESSES", arguments[1], 1, 4096));
  plan.files.chunk = number("CHUNK", arguments[2], 1, std::uint64_t{1} << 30);
  plan.files.bytes = number("BYTES", arguments[3], 1, std::uint64_t{1} << 50);
  plan.source = arguments[4];
  plan.files.directory = arguments[5];
  return plan;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Plan plan = parse({argv, static_cast<std::size_t>(argc)});
    // The write comes first: it needs fresh pages, and the caller has just warmed them.
    const bool writes = plan.files.directory != "-";
    const auto write_seconds = writes ? time_chunk_files(plan.files) : std::optional{0.0};
    if (!write_seconds) throw std::runtime_error{"a writer failed"};
    std::printf("{\"processes\": %d, \"chunk\": %" PRIu64 ", \"bytes\": %" PRIu64
                ", \"write\": %.9f",
                plan.files.writers, plan.files.chunk, plan.files.bytes, *write_seconds);
    std::printf(", \"read\": %.9f", seconds(plan, read));
    std::printf(", \"hash_master\": %.9f", seconds(plan, hash_master));
    std::printf(", \"copy\": %.9f", seconds(plan, copy));
    std::printf(", \"hash_worker\": %.9f}\n", seconds(plan, hash_worker));
    return 0;
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "bench_parts: error: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_parts: error: %s\n", error.what());
    return 1;
  }
}

// Errors that a file system puts off until a worker closes its file, as NFS and quotas do. This
// program's own close stands in for such a file system.
#include <cerrno>
#include <filesystem>
#include <string>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

#include "tests/roles/support.hpp"

namespace {
bool failing = false;

// Returns whether it is a file that workers write in a layout other than `chunks`.
bool is_shared_file(int descriptor) {
  std::error_code error;
  const auto path =
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), error);
  const std::string name = path.filename();
  return name.starts_with("file.bin") || name.starts_with("stripe_");
}
}  // namespace

// As Linux does: the descriptor is gone, whatever close says.
extern "C" int close(int descriptor) {
  const bool fail = failing && is_shared_file(descriptor);
  const long result = ::syscall(SYS_close, descriptor);
  if (!fail) return static_cast<int>(result);
  errno = EDQUOT;
  return -1;
}

namespace mpiferry {
namespace {

namespace fs = std::filesystem;

class LateError : public ApiTest {
 protected:
  ~LateError() override { failing = false; }
};

TEST_F(LateError, of_one_worker_fails_the_job_before_anything_has_its_name) {
  for (const auto layout : {wire::Layout::file, wire::Layout::stripes}) {
    for (const bool fsync : {false, true}) {
      const std::string name = std::to_string(static_cast<int>(layout)) + (fsync ? "sync" : "");
      ScatterOptions options = job(MPI_COMM_WORLD, name, 9 * kChunk + 3);
      options.layout = layout;
      options.fsync = fsync;
      if (fsync) options.io = ScatterOptions::Io::direct;  // two descriptors of one file
      failing = world_rank == 1;
      const ScatterReport report = scatter(MPI_COMM_WORLD, options);
      failing = false;
      MPI_Barrier(MPI_COMM_WORLD);
      EXPECT_FALSE(fs::exists(directory / name / "manifest.json"));
      EXPECT_FALSE(fs::exists(directory / name / "file.bin"));
      EXPECT_FALSE(fs::exists(directory / name / "stripe_1.bin"));
      if (world_rank != 0) continue;
      EXPECT_EQ(report.job.verdict, Errc::dest_write_failed);
      const Failure failure = report.job.failure.value_or(Failure{});
      EXPECT_EQ(failure.rank, Rank{1});
      EXPECT_EQ(failure.system_errno, EDQUOT);
      EXPECT_NE(failure.path.find(layout == wire::Layout::file ? "/file.bin" : "/stripe_1"),
                std::string::npos);
      EXPECT_FALSE(failure.hint.empty());
    }
  }
}

}  // namespace
}  // namespace mpiferry

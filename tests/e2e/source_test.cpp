// A source that cannot be read, or not be trusted, ends the job with exit code 3; streams of any
// length arrive whole.
#include <fstream>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

class Source : public JobTest {
 protected:
  // A job that is slow enough to be disturbed: two seconds and more.
  Command slow_job(Arguments options = {}) {
    chunk_size = 16 * 1024;
    make_source(100 * chunk_size);
    options.insert(options.end(), {"--window", "1", "--fault", "delay=50000"});
    return job(3, options);
  }
  bool under_way() const {
    return eventually([this] { return chunks_below(root).size() >= 3; });
  }
  // A writer that pours the source's bytes into a FIFO, which becomes the source.
  Command into_fifo() {
    const fs::path fifo = temporary / "fifo";
    EXPECT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    Command writer = shell(R"(cat "$1" > "$2")", {source, fifo});
    source = fifo;
    return writer;
  }
  void expect_stream_moved(const Arguments& arguments = {}) {
    Process writer{into_fifo()};
    expect_moved(run_job(3, arguments));
    EXPECT_EQ(writer.wait().exit_code, 0);
    if (have_xxhsum()) expect_sums_accepted();
  }
  Finished run_with_input(const fs::path& input) const {
    Command command = scatter(
        3, {"--chunk-size", std::to_string(chunk_size), "--json", report_path, "-", destination});
    command.input = input;
    return run(command);
  }
};

TEST_F(Source, that_is_missing_is_refused) {
  const Finished finished = run_job(3);
  expect_failed(finished, 3, source.string() + "': open: No such file or directory");
  EXPECT_FALSE(fs::exists(destination)) << "made for nothing";
}

TEST_F(Source, that_is_a_directory_is_refused) {
  fs::create_directory(source);
  expect_failed(run_job(3), 3, source.string());
}

TEST_F(Source, that_is_a_socket_is_refused) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  source.string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  expect_failed(run_job(3), 3, source.string());
  ::close(socket);
}

TEST_F(Source, that_is_unreadable_is_refused) {
  const auto prefix = without_override();
  if (!prefix) GTEST_SKIP() << "root here may read everything, and setpriv does not help";
  make_source(1000);
  fs::permissions(source, fs::perms::none);
  expect_failed(run(prefixed(*prefix, job(3))), 3, "Permission denied");
}

TEST_F(Source, that_shrinks_while_it_is_read_is_an_error) {
  Process running{slow_job()};
  ASSERT_TRUE(under_way());
  fs::resize_file(source, 10 * chunk_size);
  expect_failed(running.wait(), 3, source.string());
}

TEST_F(Source, that_is_emptied_while_it_is_read_is_an_error) {
  Process running{slow_job()};
  ASSERT_TRUE(under_way());
  fs::resize_file(source, 0);
  expect_failed(running.wait(), 3, source.string());
}

TEST_F(Source, that_grows_while_it_is_read_is_an_error) {
  Process running{slow_job()};
  ASSERT_TRUE(under_way());
  append_file(source, "more");
  expect_failed(running.wait(), 3, source.string());
}

TEST_F(Source, that_is_written_to_while_it_is_read_is_an_error) {
  Process running{slow_job()};
  ASSERT_TRUE(under_way());
  // At its end, so that the chunks which are there already have the right bytes.
  fs::resize_file(source, bytes.size() - 1);
  append_file(source, "x");
  bytes.back() = 'x';
  expect_failed(running.wait(), 3, source.string());
}

// As on some network file systems, whose times move by themselves.
TEST_F(Source, whose_time_changes_while_it_is_read_is_no_error_on_request) {
  for (const char* how : {"size", "digest"}) {
    Process running{slow_job({"--source-check", how})};
    ASSERT_TRUE(under_way());
    fs::last_write_time(source, fs::file_time_type::clock::now() + 5s);
    expect_moved(running.wait());
    fs::remove_all(destination);
  }
  Process running{slow_job()};
  ASSERT_TRUE(under_way());
  fs::last_write_time(source, fs::file_time_type::clock::now() + 10s);
  const Finished finished = running.wait();
  expect_failed(finished, 3, "its modification time changed");
  EXPECT_NE(finished.err.find("--source-check digest"), std::string::npos) << describe(finished);
}

TEST_F(Source, that_is_written_to_after_it_was_read_is_found_by_its_digest) {
  Process running{slow_job({"--source-check", "digest"})};
  ASSERT_TRUE(under_way());
  std::string changed = bytes;
  changed[0] ^= 1;
  std::fstream{source, std::ios::in | std::ios::out | std::ios::binary} << changed[0];
  const Finished finished = running.wait();
  EXPECT_EQ(finished.exit_code, 3) << describe(finished);
  EXPECT_NE(finished.err.find("a second reading gave different bytes"), std::string::npos)
      << describe(finished);
}

TEST_F(Source, that_is_renamed_while_it_is_read_is_no_error) {
  Process running{slow_job()};
  ASSERT_TRUE(under_way());
  fs::rename(source, temporary / "other");
  expect_moved(running.wait());
}

TEST_F(Source, that_is_a_link_to_a_file_is_that_file) {
  make_source(200'000);
  fs::rename(source, temporary / "real");
  fs::create_symlink("real", source);
  expect_moved(run_job(3));
}

TEST_F(Source, that_is_a_fifo_arrives_whole) {
  make_source(24 * 1024 * 1024 + 17);
  expect_stream_moved();
}

TEST_F(Source, that_is_a_fifo_is_kept_until_its_damaged_chunks_have_been_sent_again) {
  make_source(100 * chunk_size + 1);
  // Seven is more than a window: no chunk is damaged twice in a row.
  expect_stream_moved({"--window", "4", "--fault", "corrupt=7"});
  EXPECT_GE(report()["chunks_resent"], 10);
  EXPECT_EQ(report()["chunks_resent"], report()["chunks_corrupt"]);
}

TEST_F(Source, that_is_an_empty_fifo_is_no_error) {
  make_source(0);
  expect_stream_moved();
}

TEST_F(Source, that_is_a_fifo_in_drops_arrives_in_whole_chunks) {
  chunk_size = 1000;
  make_source(4500);
  const fs::path fifo = temporary / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  Process writer{shell(
      R"((for i in 0 1 2 3 4; do dd if="$1" bs=900 skip=$i count=1 status=none; sleep 0.1; done) > "$2")",
      {source, fifo})};
  source = fifo;
  expect_moved(run_job(3));
  EXPECT_EQ(chunks_below(root).size(), 5U);
}

TEST_F(Source, that_is_standard_input_arrives_whole) {
  // hydra dies of more than 64 KiB that nobody reads in time (pmodels/mpich#2336).
  make_source(40'000);
  chunk_size = 1024;
  expect_moved(run_with_input(source));
  EXPECT_EQ(report()["source"], "-");
}

TEST_F(Source, that_is_an_empty_standard_input_is_no_error) {
  make_source(0);
  expect_moved(run_with_input("/dev/null"));
  EXPECT_EQ(report()["chunks"], 0);
}

}  // namespace
}  // namespace mpiferry::e2e

// What a gather writes into: files, links to them, and what is no file and must stay what it is.
#include <cstdlib>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

#include "tests/e2e/retrieval_job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

class GatherTarget : public RetrievalTest {
 protected:
  void SetUp() override { scatter_bytes(20 * chunk_size + 77, 3); }
  // gather TARGET while `reader` reads it into the file `copy`.
  Finished gather_into(const std::string& reader, int ranks, const Arguments& options = {}) const {
    Arguments words{copy};
    const Command inner = gather(ranks, options);
    words.insert(words.end(), inner.words.begin(), inner.words.end());
    return run(shell(reader, words));
  }
  const fs::path copy = temporary / "copy";
};

TEST_F(GatherTarget, dash_is_standard_output) {
  target = "-";
  for (const int ranks : {0, 1, 3}) {
    const Finished finished = gather_into(R"(copy=$1; shift; "$@" > "$copy")", ranks);
    ASSERT_EQ(finished.exit_code, 0) << describe(finished);
    EXPECT_TRUE(read_file(copy) == bytes) << ranks;
    EXPECT_NE(finished.err.find("file: standard output"), std::string::npos) << describe(finished);
    EXPECT_FALSE(fs::exists("-"));
  }
}

TEST_F(GatherTarget, standard_output_that_is_a_pipe_gets_all_of_it_in_order) {
  target = "-";
  for (const int ranks : {0, 3}) {
    const Finished finished =
        gather_into(R"(copy=$1; shift; "$@" | (sleep 0.3; cat) > "$copy")", ranks);
    EXPECT_EQ(finished.exit_code, 0) << describe(finished);
    EXPECT_TRUE(read_file(copy) == bytes) << ranks;
  }
}

TEST_F(GatherTarget, a_reader_that_goes_away_ends_the_job) {
  target = "-";
  const Finished finished =
      gather_into(R"(copy=$1; shift; { "$@"; echo $? >&2; } | head -c 10)", 0);
  EXPECT_NE(finished.err.find("Broken pipe"), std::string::npos) << describe(finished);
  EXPECT_NE(finished.err.find("hint: its reader went away"), std::string::npos)
      << describe(finished);
  EXPECT_TRUE(finished.err.ends_with("\n4\n")) << describe(finished);
}

TEST_F(GatherTarget, nothing_is_poured_when_a_chunk_is_missing) {
  fs::remove(chunk_path(destination, 15));
  target = "-";
  const Finished finished = gather_into(R"(copy=$1; shift; "$@" > "$copy")", 3);
  EXPECT_EQ(finished.exit_code, 5) << describe(finished);
  EXPECT_EQ(fs::file_size(copy), 0U);
}

TEST_F(GatherTarget, a_damaged_chunk_is_told_with_what_was_poured_before) {
  const fs::path damaged = chunk_path(destination, 15);
  std::string text = read_file(damaged);
  text[0] ^= 1;
  write_file(damaged, text);
  target = "-";
  const Finished finished = gather_into(R"(copy=$1; shift; "$@" > "$copy")", 3, {"--window", "1"});
  EXPECT_EQ(finished.exit_code, 5) << describe(finished);
  EXPECT_EQ(error_lines(finished), 1) << describe(finished);
  const std::string poured = read_file(copy);
  EXPECT_LE(poured.size(), 15 * chunk_size);
  EXPECT_TRUE(poured == bytes.substr(0, poured.size()));
  if (!poured.empty()) {
    EXPECT_NE(finished.err.find("bytes were written to it"), std::string::npos)
        << describe(finished);
  }
}

// Once the summary and the lines of -v followed the bytes there.
TEST_F(GatherTarget, every_name_of_standard_output_gets_the_bytes_and_nothing_else) {
  for (const char* name : {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}) {
    target = name;
    for (const int ranks : {0, 3}) {
      const Finished finished =
          gather_into(R"(copy=$1; shift; "$@" | cat > "$copy")", ranks, {"-v"});
      EXPECT_TRUE(read_file(copy) == bytes) << name << ' ' << ranks << describe(finished);
      EXPECT_NE(finished.err.find("completed successfully"), std::string::npos)
          << describe(finished);
    }
  }
}

TEST_F(GatherTarget, a_fifo_that_is_standard_output_too_gets_the_bytes_and_nothing_else) {
  ASSERT_EQ(::mkfifo(target.c_str(), 0600), 0);
  const Finished finished = gather_into(
      R"(copy=$1; shift; for fifo; do :; done; cat "$fifo" > "$copy" & "$@" > "$fifo"; wait)", 0);
  EXPECT_TRUE(read_file(copy) == bytes) << describe(finished);
  EXPECT_NE(finished.err.find("every chunk verified"), std::string::npos) << describe(finished);
}

TEST_F(GatherTarget, a_report_does_not_share_standard_output_with_the_bytes) {
  for (const auto& [file, json] :
       {std::pair{"-", "-"}, std::pair{"/dev/stdout", "-"}, std::pair{"-", "/dev/fd/1"},
        std::pair{"/dev/stdout", "/proc/self/fd/1"}}) {
    target = file;
    report_path = json;
    const Finished finished = gather_into(R"(shift; { "$@"; echo "exit code $?" >&2; } | cat)", 0);
    EXPECT_NE(finished.err.find("FILE is standard output"), std::string::npos)
        << describe(finished);
    EXPECT_NE(finished.err.find("exit code 2"), std::string::npos) << describe(finished);
    EXPECT_EQ(finished.out, "");
  }
}

TEST_F(GatherTarget, a_circle_of_links_is_not_called_a_link_to_nothing) {
  fs::create_symlink(target, target);
  const Finished finished = run(gather(0));
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_NE(finished.err.find("levels of symbolic links"), std::string::npos) << describe(finished);
  EXPECT_EQ(finished.err.find("to nothing"), std::string::npos) << describe(finished);
  EXPECT_TRUE(fs::is_symlink(target));
}

TEST_F(GatherTarget, a_fifo_is_written_into_and_stays) {
  ASSERT_EQ(::mkfifo(target.c_str(), 0600), 0);
  const Finished finished = gather_into(
      R"(copy=$1; shift; for fifo; do :; done; cat "$fifo" > "$copy" & "$@"; code=$?; wait; exit $code)",
      3);
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_TRUE(read_file(copy) == bytes);
  EXPECT_TRUE(fs::is_fifo(target));
}

TEST_F(GatherTarget, a_fifo_that_nobody_reads_is_refused) {
  ASSERT_EQ(::mkfifo(target.c_str(), 0600), 0);
  for (const Arguments& options : {Arguments{}, Arguments{"--force"}}) {
    const Finished finished = run(gather(3, options));
    EXPECT_EQ(finished.exit_code, 4) << describe(finished);
    EXPECT_NE(finished.err.find("nobody reads this FIFO"), std::string::npos) << describe(finished);
    EXPECT_TRUE(fs::is_fifo(target));
  }
}

TEST_F(GatherTarget, a_socket_is_refused_and_stays) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  target.string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const Finished finished = run(gather(3, {"--force"}));
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_TRUE(fs::is_socket(target));
  ::close(socket);
}

// /dev/tty of a session that has none.
TEST_F(GatherTarget, a_terminal_that_is_not_there_is_refused_with_a_hint) {
  target = "/dev/tty";
  const Finished finished = run(prefixed({"setsid", "-w"}, gather(0)));
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_NE(line_with(finished.err, "hint").find("no device or terminal"), std::string::npos)
      << describe(finished);
}

// Run by root, --force once replaced /dev/null itself.
TEST_F(GatherTarget, a_device_is_written_into_and_stays) {
  if (::mknod(target.c_str(), S_IFCHR | 0600, makedev(1, 3)) != 0) {
    GTEST_SKIP() << "no right to make a device";
  }
  for (const Arguments& options : {Arguments{}, Arguments{"--force"}}) {
    const Finished finished = run(gather(3, options));
    EXPECT_EQ(finished.exit_code, 0) << describe(finished);
    EXPECT_TRUE(fs::is_character_file(target));
  }
}

TEST_F(GatherTarget, a_write_that_fails_is_called_by_its_name) {
  target = "-";
  const Finished finished = gather_into(R"(shift; "$@" > /dev/full)", 0);
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_NE(finished.err.find("'standard output': write: No space left"), std::string::npos)
      << describe(finished);
}

TEST_F(GatherTarget, dev_null_is_written_into_and_stays) {
  target = temporary / "null";
  fs::create_symlink("/dev/null", target);
  const Finished finished = run(gather(3, {"--force"}));
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_TRUE(fs::is_symlink(target));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(GatherTarget, a_block_device_is_overwritten_only_on_request) {
  const fs::path image = temporary / "image";
  write_file(image, "");
  fs::resize_file(image, 4 << 20);
  // The script makes a device of $1 and copies its content to $2.
  const std::string script = R"(device=$(losetup --find --show "$1") || exit 99
    "$4" gather "$3" "$device"; refused=$?
    "$4" gather --force "$3" "$device"; done=$?
    test -b "$device" || done=98
    losetup --detach "$device"
    test $refused = 4 || exit 97
    exit $done)";
  const Finished finished = run(shell(script, {image, target, destination, MPIFERRY_BINARY}));
  if (finished.exit_code == 99) GTEST_SKIP() << "no right to make a block device";
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_TRUE(read_file(image).starts_with(bytes));
}

TEST_F(GatherTarget, a_block_device_that_is_mounted_is_refused) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount here";
  const fs::path image = temporary / "image";
  write_file(image, "");
  fs::resize_file(image, 16 << 20);
  fs::create_directory(temporary / "mount");
  // The script gets the image, the place to mount it, the program and the destination.
  const std::string script = R"(mkfs.ext4 -q "$1" || exit 99
    device=$(losetup --find --show "$1") || exit 99
    mount "$device" "$2" || { losetup --detach "$device"; exit 99; }
    "$3" gather --force "$4" "$device"; code=$?
    umount "$2"; fsck.ext4 -nf "$device" >&2 || code=98
    losetup --detach "$device"
    exit $code)";
  const Finished finished = run(
      prefixed(*prefix, shell(script, {image, temporary / "mount", MPIFERRY_BINARY, destination})));
  if (finished.exit_code == 99) GTEST_SKIP() << "no block device can be mounted here";
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_NE(finished.err.find("the device is in use, perhaps mounted"), std::string::npos)
      << describe(finished);
}

// A shell's `>> log` opens the file; a rename would take it from whoever goes on with it.
TEST_F(GatherTarget, what_a_shell_has_open_is_written_where_it_stands) {
  for (const char* name : {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/dev/fd/7"}) {
    target = name;
    const Finished finished =
        gather_into(R"(copy=$1; shift; exec 7>"$copy" >&7; echo older; "$@" && echo newer)", 0,
                    {"--force", "-q"});
    EXPECT_EQ(finished.exit_code, 0) << describe(finished);
    EXPECT_EQ(error_lines(finished), 0) << describe(finished);
    const std::string text = read_file(copy);
    EXPECT_TRUE(text == "older\n" + bytes + "newer\n") << name << ": " << text.size();
  }
}

TEST_F(GatherTarget, a_link_to_what_a_shell_has_open_is_no_file_either) {
  target = temporary / "out";
  fs::create_symlink("/dev/stdout", target);
  const Finished finished = gather_into(
      R"(copy=$1; shift; exec >"$copy"; echo older; "$@" && echo newer)", 0, {"--force", "-q"});
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_TRUE(read_file(copy) == "older\n" + bytes + "newer\n");
  EXPECT_TRUE(fs::is_symlink(target));
}

TEST_F(GatherTarget, what_a_shell_has_open_for_reading_is_refused) {
  target = "/dev/fd/7";
  write_file(copy, "older");
  const Finished finished = gather_into(R"(copy=$1; shift; exec 7<"$copy"; "$@")", 0, {"--force"});
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_EQ(read_file(copy), "older");
}

// MPI opens descriptors of its own, and hydra leaves some of its own open in its ranks.
TEST_F(GatherTarget, what_nobody_has_opened_for_it_is_refused) {
  for (int number = 3; number <= 24; ++number) {
    target = "/dev/fd/" + std::to_string(number);
    for (const int ranks : {0, 2}) {
      const Finished finished = gather_into(
          R"(shift; exec bash -c 'for n in {3..30}; do eval "exec $n>&-"; done; "$@"' bash "$@")",
          ranks);
      // Hydra opens /dev/null, too, for reading: nothing can be lost there.
      const bool for_reading = finished.err.find("write: Bad file descriptor") != std::string::npos;
      EXPECT_EQ(finished.exit_code, for_reading ? 4 : 2) << describe(finished);
      EXPECT_EQ(error_lines(finished), 1) << describe(finished);
      EXPECT_EQ(finished.err.find("this descriptor ") == std::string::npos, for_reading)
          << describe(finished);
    }
  }
}

TEST_F(GatherTarget, a_pipe_that_a_shell_has_opened_is_written) {
  target = "/dev/fd/7";
  for (const int ranks : {0, 3}) {
    const Finished finished =
        gather_into(R"(copy=$1; shift; ("$@" 7>&1 >/dev/null) | cat > "$copy")", ranks, {"-q"});
    EXPECT_EQ(finished.exit_code, 0) << describe(finished);
    EXPECT_TRUE(read_file(copy) == bytes) << ranks;
  }
}

TEST_F(GatherTarget, a_report_goes_into_what_a_shell_has_open) {
  for (const char* name : {"/dev/fd/7", "/dev/stdout"}) {
    write_file(copy, "older\n");
    fs::remove(target);
    report_path = name;
    const Finished finished =
        gather_into(R"(copy=$1; shift; exec 7>>"$copy" >>"$copy"; "$@")", 0, {"-q"});
    EXPECT_EQ(finished.exit_code, 0) << describe(finished);
    const std::string text = read_file(copy);
    EXPECT_TRUE(text.starts_with("older\n{")) << text;
    EXPECT_NE(text.find("mpiferry.report"), std::string::npos) << text;
  }
}

TEST_F(GatherTarget, a_private_file_stays_private_while_it_is_replaced) {
  write_file(target, "older");
  for (const Arguments& options : {Arguments{"--force"}, Arguments{"--force", "--preserve"}}) {
    fs::permissions(target, fs::perms{0600});
    Arguments slowly = options;
    slowly.insert(slowly.end(), {"--fault", "delay=50000"});
    Process running{gather(3, slowly)};
    ASSERT_TRUE(eventually([this] { return fs::exists(partial_file()); }));
    EXPECT_EQ(fs::status(partial_file()).permissions(), fs::perms{0600});
    const Finished finished = running.wait();
    EXPECT_EQ(finished.exit_code, 0) << describe(finished);
    const bool kept = options.size() == 1;
    EXPECT_EQ(fs::status(target).permissions(),
              kept ? fs::perms{0600} : fs::status(source).permissions());
  }
}

TEST_F(GatherTarget, a_link_stays_one_and_what_it_leads_to_is_replaced) {
  const fs::path real = temporary / "real";
  write_file(real, "older");
  fs::create_symlink("real", target);
  const Finished refused = run(gather(3));
  EXPECT_EQ(refused.exit_code, 4) << describe(refused);
  const Finished finished = run(gather(3, {"--force"}));
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_TRUE(fs::is_symlink(target));
  EXPECT_TRUE(read_file(real) == bytes);
}

TEST_F(GatherTarget, a_link_to_nothing_is_refused) {
  fs::create_symlink("nothing", target);
  const Finished finished = run(gather(3, {"--force"}));
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_NE(finished.err.find("a symbolic link to nothing"), std::string::npos)
      << describe(finished);
}

}  // namespace
}  // namespace mpiferry::e2e

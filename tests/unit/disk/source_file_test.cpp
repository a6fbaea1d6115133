// Source reads files, which have a size and can change.
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <span>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "engine/disk/source.hpp"
#include "engine/posix/descriptor.hpp"
#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/isolation.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::disk {
namespace {

namespace fs = std::filesystem;

class SourceFile : public testing::Test {
 protected:
  Failure refused(const std::string& path) {
    Result<Source> source = Source::open(files, io, path);
    EXPECT_FALSE(source) << path;
    if (source) return {};
    EXPECT_EQ(source.error().path, path);
    return source.error();
  }
  boost::asio::io_context io;
  test::TemporaryDirectory temporary;
};

// What `source` has at `offset`, at most `size` bytes; the end is marked by a '$'.
std::string read(Source& source, std::uint64_t offset, std::size_t size) {
  std::string out(size, '?');
  const Result<ReadResult> result =
      source.read(Bytes{offset}, std::as_writable_bytes(std::span{out}));
  if (!result) return result.error().message();
  EXPECT_FALSE(result->would_block);
  out.resize(result->bytes);
  return result->end ? out + "$" : out;
}

TEST_F(SourceFile, is_read_at_any_offset) {
  temporary.put("data", "0123456789");
  Source source = *Source::open(files, io, temporary / "data");
  EXPECT_FALSE(source.is_stream());
  EXPECT_EQ(source.size(), Bytes{10});
  EXPECT_EQ(read(source, 0, 4), "0123");
  EXPECT_EQ(read(source, 8, 4), "89$");
  EXPECT_EQ(read(source, 4, 4), "4567");
  EXPECT_EQ(read(source, 6, 4), "6789$");
  EXPECT_EQ(read(source, 10, 4), "$");
  EXPECT_EQ(read(source, 11, 4), "$");
  EXPECT_EQ(read(source, 3, 0), "");
  EXPECT_TRUE(source.check_unchanged());
}

TEST_F(SourceFile, may_be_empty) {
  temporary.put("data", "");
  Source source = *Source::open(files, io, temporary / "data");
  EXPECT_EQ(source.size(), Bytes{0});
  EXPECT_EQ(read(source, 0, 4), "$");
}

TEST_F(SourceFile, may_be_sparse_and_larger_than_memory) {
  temporary.put("data", "");
  fs::resize_file(temporary / "data", std::uintmax_t{1} << 40U);
  Source source = *Source::open(files, io, temporary / "data");
  EXPECT_EQ(source.size(), Bytes{std::uint64_t{1} << 40U});
  EXPECT_EQ(read(source, (std::uint64_t{1} << 40U) - 2, 4), std::string("\0\0$", 3));
}

TEST_F(SourceFile, says_where_its_data_is) {
  constexpr std::uint64_t kLength = 1 << 20;
  temporary.put("sparse", "");
  fs::resize_file(temporary / "sparse", kLength);
  Result<Source> hole = Source::open(files, io, temporary / "sparse");
  ASSERT_TRUE(hole);
  EXPECT_EQ(hole->data(), (std::vector<Extent>{{0_B, 0_B}})) << "one hole";
  const int file = ::open((temporary / "sparse").c_str(), O_WRONLY);
  ASSERT_EQ(::pwrite(file, "x", 1, 256 << 10), 1);
  ::close(file);
  Result<Source> source = Source::open(files, io, temporary / "sparse");
  ASSERT_TRUE(source);
  const std::vector<Extent> data = source->data();
  ASSERT_EQ(data.size(), 1U);
  EXPECT_LE(data[0].offset.value, 256U << 10);
  EXPECT_GT((data[0].offset + data[0].length).value, 256U << 10);
  EXPECT_LT(data[0].length.value, kLength / 2);
  temporary.put("full", std::string(100'000, 'x'));
  EXPECT_TRUE(Source::open(files, io, temporary / "full")->data().empty());
}

TEST_F(SourceFile, of_a_file_system_without_sizes_is_a_stream) {
  constexpr const char* kFile = "/sys/class/net/lo/mtu";
  if (!fs::exists(kFile)) GTEST_SKIP() << "there is no " << kFile;
  Result<Source> source = Source::open(files, io, kFile);
  ASSERT_TRUE(source);
  EXPECT_TRUE(source->is_stream());
  EXPECT_EQ(read(*source, 0, 100), "65536\n");
}

TEST_F(SourceFile, survives_a_move) {
  temporary.put("data", "0123456789");
  Source first = *Source::open(files, io, temporary / "data");
  Source second = std::move(first);
  EXPECT_EQ(read(second, 0, 20), "0123456789$");
}

TEST_F(SourceFile, that_shrinks_fails_the_read_and_the_check) {
  temporary.put("data", "0123456789");
  Source source = *Source::open(files, io, temporary / "data");
  fs::resize_file(temporary / "data", 5);
  std::string out(10, '?');
  const Result<ReadResult> result = source.read(0_B, std::as_writable_bytes(std::span{out}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::source_changed);
  EXPECT_EQ(result.error().path, temporary / "data");
  EXPECT_EQ(result.error().detail, "shrank from 10 to 5 bytes while it was read");
  EXPECT_FALSE(result.error().hint.empty());
  EXPECT_EQ(read(source, 0, 5), "01234");
  const Outcome check = source.check_unchanged();
  ASSERT_FALSE(check);
  EXPECT_EQ(check.error().code, Errc::source_changed);
  EXPECT_EQ(check.error().detail, "shrank from 10 to 5 bytes while it was read");
}

TEST_F(SourceFile, that_grows_is_read_to_its_old_end_and_fails_the_check) {
  temporary.put("data", "0123456789");
  Source source = *Source::open(files, io, temporary / "data");
  temporary.put("data", "0123456789abc");
  EXPECT_EQ(read(source, 8, 10), "89$");
  const Outcome check = source.check_unchanged();
  ASSERT_FALSE(check);
  EXPECT_EQ(check.error().code, Errc::source_changed);
  EXPECT_EQ(check.error().detail, "grew from 10 to 13 bytes while it was read");
}

TEST_F(SourceFile, that_is_rewritten_in_place_fails_the_check) {
  temporary.put("data", "0123456789");
  fs::last_write_time(temporary / "data", fs::file_time_type::clock::now() - std::chrono::hours{1});
  Source source = *Source::open(files, io, temporary / "data");
  EXPECT_TRUE(source.check_unchanged());
  temporary.put("data", "abcdefghij");
  const Outcome check = source.check_unchanged();
  ASSERT_FALSE(check);
  EXPECT_EQ(check.error().code, Errc::source_changed);
  EXPECT_NE(check.error().detail.find("was written to"), std::string::npos);
}

TEST_F(SourceFile, that_is_renamed_linked_or_given_other_rights_passes_the_check) {
  temporary.put("data", "0123456789");
  Source source = *Source::open(files, io, temporary / "data");
  fs::create_hard_link(temporary / "data", temporary / "link");
  fs::rename(temporary / "data", temporary / "renamed");
  fs::permissions(temporary / "renamed", fs::perms{0400});
  temporary.put("data", "another file");
  EXPECT_TRUE(source.check_unchanged());
  EXPECT_EQ(read(source, 0, 20), "0123456789$");
  fs::remove(temporary / "renamed");
  EXPECT_TRUE(source.check_unchanged());
}

TEST_F(SourceFile, that_is_missing_is_not_found) {
  const Failure failure = refused(temporary / "nothing");
  EXPECT_EQ(failure.code, Errc::source_not_found);
  EXPECT_EQ(failure.call, "open");
  EXPECT_EQ(failure.system_errno, ENOENT);
  EXPECT_FALSE(failure.hint.empty());
  temporary.put("file", "x");
  EXPECT_EQ(refused(temporary / "file/below").code, Errc::source_not_found);
  EXPECT_EQ(refused("").code, Errc::source_not_found);
}

TEST_F(SourceFile, that_is_a_link_to_nothing_is_not_found_and_called_so) {
  fs::create_symlink("nowhere", temporary / "link");
  const Failure failure = refused(temporary / "link");
  EXPECT_EQ(failure.code, Errc::source_not_found);
  EXPECT_EQ(failure.detail, "a symbolic link to nothing");
}

TEST_F(SourceFile, that_is_a_directory_is_not_a_file) {
  const Failure failure = refused(temporary.path());
  EXPECT_EQ(failure.code, Errc::source_not_a_file);
  EXPECT_EQ(failure.system_errno, EISDIR);
}

TEST_F(SourceFile, that_is_a_socket_is_not_a_file) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = temporary / "socket";
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const posix::Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the way of sockets
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(refused(path).code, Errc::source_not_a_file);
}

TEST_F(SourceFile, that_must_not_be_read_is_unreadable) {
  fs::permissions(temporary.path(), fs::perms{0755});
  temporary.put("data", "secret");
  fs::permissions(temporary / "data", fs::perms{0000});
  const std::string why = test::without_root([&] {
    const Failure failure = refused(temporary / "data");
    EXPECT_EQ(failure.code, Errc::source_unreadable);
    EXPECT_EQ(failure.system_errno, EACCES);
    EXPECT_FALSE(failure.hint.empty());
  });
  if (!why.empty()) GTEST_SKIP() << "no other user to be: " << why;
}

TEST_F(SourceFile, of_proc_is_read_although_it_claims_to_be_empty) {
  Source source = *Source::open(files, io, "/proc/self/status");
  EXPECT_TRUE(source.is_stream());
  std::string text = read(source, 0, 10);
  EXPECT_EQ(text.size(), 10U);
  while (!text.ends_with('$')) text += read(source, 0, 100);
  EXPECT_EQ(text.substr(0, 5), "Name:");
  EXPECT_NE(text.find("Threads:"), std::string::npos);
}

}  // namespace
}  // namespace mpiferry::disk

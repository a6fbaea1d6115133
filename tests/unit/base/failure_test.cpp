#include "engine/base/failure.hpp"

#include <cerrno>
#include <string>

#include <gtest/gtest.h>

namespace mpiferry {
namespace {

Failure failure_of(Errc code) {
  Failure failure;
  failure.code = code;
  return failure;
}

TEST(Failure, message_of_a_bare_code_is_its_general_message) {
  EXPECT_EQ(failure_of(Errc::bad_kind).message(), "a message of an unknown kind");
  EXPECT_EQ(Failure{}.message(), "internal error");
}

TEST(Failure, message_names_rank_host_path_call_and_errno_in_one_line) {
  Failure failure = failure_of(Errc::dest_write_failed);
  failure.rank = Rank{2};
  failure.host = "node7";
  failure.path = "out/chunk_7.bin";
  failure.call = "pwrite";
  failure.system_errno = ENOSPC;
  EXPECT_EQ(failure.message(),
            "rank 2 (node7): 'out/chunk_7.bin': pwrite: No space left on device");
}

TEST(Failure, message_leaves_out_what_is_not_known) {
  Failure failure = failure_of(Errc::source_not_found);
  failure.path = "data.bin";
  EXPECT_EQ(failure.message(), "'data.bin': the source does not exist");

  failure = failure_of(Errc::worker_stalled);
  failure.rank = kMaster;
  EXPECT_EQ(failure.message(), "rank 0: no answer from a worker");
}

TEST(Failure, message_does_not_name_a_host_without_a_rank) {
  Failure failure = failure_of(Errc::internal);
  failure.host = "node7";
  EXPECT_EQ(failure.message(), "internal error");
}

TEST(Failure, detail_replaces_the_general_message_but_not_the_errno) {
  Failure failure = failure_of(Errc::bad_field);
  failure.detail = "job: window is missing";
  EXPECT_EQ(failure.message(), "job: window is missing");
  failure.system_errno = EIO;
  EXPECT_EQ(failure.message(), "job: window is missing: Input/output error");
}

TEST(Failure, message_does_not_contain_the_hint) {
  Failure failure = failure_of(Errc::dest_occupied);
  failure.hint = "use --force to replace them";
  EXPECT_EQ(failure.message(), "the destination holds another job's files");
}

TEST(Failure, message_stays_one_line_whatever_the_path) {
  Failure failure = failure_of(Errc::source_unreadable);
  failure.path = "a\nb\x1b[31m";
  EXPECT_EQ(failure.message(), "'a\\nb\\x1b[31m': the source cannot be opened");
}

// The parts may be those of a worker's message.
TEST(Failure, message_stays_one_line_whatever_its_other_parts) {
  Failure failure = failure_of(Errc::internal);
  failure.rank = Rank{2};
  failure.host = "node\n7";
  failure.call = "\x1b]0;title\x07";
  failure.detail = "'a\\nb': broken\r\n";
  EXPECT_EQ(failure.message(), "rank 2 (node\\n7): \\x1b]0;title\\x07: 'a\\nb': broken\\x0d\\n")
      << "what is escaped already is not escaped twice";
}

TEST(Quoted, puts_plain_text_into_single_quotes) {
  EXPECT_EQ(quoted("data.bin"), "'data.bin'");
  EXPECT_EQ(quoted(""), "''");
}

TEST(Quoted, escapes_control_characters_and_backslashes) {
  EXPECT_EQ(quoted("a\tb\nc\\d"), "'a\\tb\\nc\\\\d'");
  // The call is qualified, because an unqualified one with a std::string may also find std::quoted.
  EXPECT_EQ(mpiferry::quoted(std::string{"\0\r\x7f", 3}), "'\\x00\\x0d\\x7f'");
}

TEST(Quoted, leaves_other_bytes_as_they_are) {
  EXPECT_EQ(quoted("gr\xc3\xbc\xc3\x9f"), "'gr\xc3\xbc\xc3\x9f'");
  EXPECT_EQ(quoted("\xff"), "'\xff'");
}

}  // namespace
}  // namespace mpiferry

#include "engine/base/error.hpp"

#include <set>
#include <string>
#include <string_view>
#include <system_error>

#include <gtest/gtest.h>

namespace mpiferry {
namespace {

struct Row {
  Errc code;
  ErrorClass error_class;
  std::string_view name;
};

// Names and classes are promises to scripts: the table is written down a second time here.
constexpr Row kRows[] = {
    {Errc::ok, ErrorClass::none, "ok"},
    {Errc::invalid_argument, ErrorClass::usage, "invalid_argument"},
    {Errc::source_not_found, ErrorClass::source, "source_not_found"},
    {Errc::source_unreadable, ErrorClass::source, "source_unreadable"},
    {Errc::source_not_a_file, ErrorClass::source, "source_not_a_file"},
    {Errc::source_changed, ErrorClass::source, "source_changed"},
    {Errc::source_read_failed, ErrorClass::source, "source_read_failed"},
    {Errc::dest_unusable, ErrorClass::destination, "dest_unusable"},
    {Errc::dest_occupied, ErrorClass::destination, "dest_occupied"},
    {Errc::dest_write_failed, ErrorClass::destination, "dest_write_failed"},
    {Errc::report_write_failed, ErrorClass::destination, "report_write_failed"},
    {Errc::chunk_corrupt, ErrorClass::integrity, "chunk_corrupt"},
    {Errc::manifest_damaged, ErrorClass::integrity, "manifest_damaged"},
    {Errc::chunk_missing, ErrorClass::integrity, "chunk_missing"},
    {Errc::chunk_damaged, ErrorClass::integrity, "chunk_damaged"},
    {Errc::file_differs, ErrorClass::integrity, "file_differs"},
    {Errc::worker_stalled, ErrorClass::stalled, "worker_stalled"},
    {Errc::master_stalled, ErrorClass::stalled, "master_stalled"},
    {Errc::peer_unreachable, ErrorClass::stalled, "peer_unreachable"},
    {Errc::too_few_ranks, ErrorClass::launch, "too_few_ranks"},
    {Errc::wrong_launcher, ErrorClass::launch, "wrong_launcher"},
    {Errc::bad_magic, ErrorClass::internal, "bad_magic"},
    {Errc::bad_version, ErrorClass::launch, "bad_version"},
    {Errc::bad_kind, ErrorClass::internal, "bad_kind"},
    {Errc::bad_length, ErrorClass::internal, "bad_length"},
    {Errc::bad_header_digest, ErrorClass::integrity, "bad_header_digest"},
    {Errc::bad_payload_digest, ErrorClass::integrity, "bad_payload_digest"},
    {Errc::bad_field, ErrorClass::internal, "bad_field"},
    {Errc::unexpected_message, ErrorClass::internal, "unexpected_message"},
    {Errc::mpi_failed, ErrorClass::internal, "mpi_failed"},
    {Errc::internal, ErrorClass::internal, "internal"},
    {Errc::interrupted, ErrorClass::interrupted, "interrupted"},
};

TEST(Error, every_error_has_its_name_and_its_class) {
  for (const Row& row : kRows) {
    EXPECT_EQ(error_name(row.code), row.name);
    EXPECT_EQ(error_class(row.code), row.error_class) << row.name;
  }
}

TEST(Error, every_name_leads_back_to_its_error) {
  for (const Row& row : kRows) EXPECT_EQ(error_from_name(row.name), row.code) << row.name;
}

TEST(Error, a_name_that_is_none_reads_as_internal) {
  for (const char* name : {"", "OK", "ok ", "source", "bad_magi", "no_such_error"}) {
    EXPECT_EQ(error_from_name(name), Errc::internal) << name;
  }
}

TEST(Error, the_table_has_every_error_once) {
  // A new error must be added above: the enum is dense, and `interrupted` is its last.
  EXPECT_EQ(std::size(kRows), static_cast<std::size_t>(Errc::interrupted) + 1);
  std::set<std::string_view> names;
  std::set<std::string> messages;
  for (const Row& row : kRows) {
    names.insert(row.name);
    messages.insert(make_error_code(row.code).message());
  }
  EXPECT_EQ(names.size(), std::size(kRows));
  EXPECT_EQ(messages.size(), std::size(kRows)) << "two errors have the same message";
}

TEST(Error, a_number_that_is_none_is_an_internal_error) {
  for (const int value : {-1, static_cast<int>(Errc::interrupted) + 1, 1 << 30}) {
    EXPECT_EQ(error_name(static_cast<Errc>(value)), "internal");
    EXPECT_EQ(error_class(static_cast<Errc>(value)), ErrorClass::internal);
    EXPECT_EQ(mpiferry_category().message(value), "internal error");
  }
}

TEST(Error, classes_are_the_exit_codes) {
  EXPECT_EQ(static_cast<int>(ErrorClass::none), 0);
  EXPECT_EQ(static_cast<int>(ErrorClass::usage), 2);
  EXPECT_EQ(static_cast<int>(ErrorClass::source), 3);
  EXPECT_EQ(static_cast<int>(ErrorClass::destination), 4);
  EXPECT_EQ(static_cast<int>(ErrorClass::integrity), 5);
  EXPECT_EQ(static_cast<int>(ErrorClass::stalled), 6);
  EXPECT_EQ(static_cast<int>(ErrorClass::launch), 7);
  EXPECT_EQ(static_cast<int>(ErrorClass::internal), 70);
  EXPECT_EQ(static_cast<int>(ErrorClass::interrupted), 130);
}

TEST(Error, every_class_has_a_name) {
  EXPECT_EQ(class_name(ErrorClass::none), "done");
  EXPECT_EQ(class_name(ErrorClass::usage), "usage");
  EXPECT_EQ(class_name(ErrorClass::source), "source");
  EXPECT_EQ(class_name(ErrorClass::destination), "destination");
  EXPECT_EQ(class_name(ErrorClass::integrity), "integrity");
  EXPECT_EQ(class_name(ErrorClass::stalled), "stalled");
  EXPECT_EQ(class_name(ErrorClass::launch), "launch");
  EXPECT_EQ(class_name(ErrorClass::internal), "internal");
  EXPECT_EQ(class_name(ErrorClass::interrupted), "interrupted");
  EXPECT_EQ(class_name(static_cast<ErrorClass>(99)), "internal");
}

TEST(Error, an_errc_is_an_error_code_of_our_category) {
  const std::error_code code = Errc::bad_magic;
  EXPECT_EQ(code.category(), mpiferry_category());
  EXPECT_STREQ(code.category().name(), "mpiferry");
  EXPECT_EQ(code.message(), "not a message of mpiferry");
  EXPECT_EQ(code, Errc::bad_magic);
  EXPECT_NE(code, Errc::bad_kind);
  EXPECT_TRUE(code);
}

TEST(Error, ok_is_no_error) {
  const std::error_code code = Errc::ok;
  EXPECT_FALSE(code);
  EXPECT_EQ(code.message(), "success");
}

}  // namespace
}  // namespace mpiferry

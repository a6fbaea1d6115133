#include "engine/base/error.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace mpiferry {
namespace {

struct Row {
  Errc code;
  ErrorClass error_class;
  std::string_view name;
  std::string_view message;
};

constexpr auto kTable = std::to_array<Row>({
    {Errc::ok, ErrorClass::none, "ok", "success"},
    {Errc::invalid_argument, ErrorClass::usage, "invalid_argument", "invalid argument"},
    {Errc::source_not_found, ErrorClass::source, "source_not_found", "the source does not exist"},
    {Errc::source_unreadable, ErrorClass::source, "source_unreadable",
     "the source cannot be opened"},
    {Errc::source_not_a_file, ErrorClass::source, "source_not_a_file",
     "the source is not a file or a stream"},
    {Errc::source_changed, ErrorClass::source, "source_changed",
     "the source changed while it was read"},
    {Errc::source_read_failed, ErrorClass::source, "source_read_failed",
     "the source cannot be read"},
    {Errc::dest_unusable, ErrorClass::destination, "dest_unusable",
     "the destination cannot be used"},
    {Errc::dest_occupied, ErrorClass::destination, "dest_occupied",
     "the destination holds another job's files"},
    {Errc::dest_write_failed, ErrorClass::destination, "dest_write_failed",
     "the destination cannot be written"},
    {Errc::report_write_failed, ErrorClass::destination, "report_write_failed",
     "the report cannot be written"},
    {Errc::chunk_corrupt, ErrorClass::integrity, "chunk_corrupt",
     "a chunk arrived damaged more often than it may be sent again"},
    {Errc::manifest_damaged, ErrorClass::integrity, "manifest_damaged",
     "manifest.json is not a valid mpiferry manifest"},
    {Errc::chunk_missing, ErrorClass::integrity, "chunk_missing", "a chunk is missing"},
    {Errc::chunk_damaged, ErrorClass::integrity, "chunk_damaged",
     "a chunk does not hold the bytes that were scattered"},
    {Errc::file_differs, ErrorClass::integrity, "file_differs",
     "the file is not the one that was scattered"},
    {Errc::worker_stalled, ErrorClass::stalled, "worker_stalled", "no answer from a worker"},
    {Errc::master_stalled, ErrorClass::stalled, "master_stalled", "no sign of life from rank 0"},
    {Errc::peer_unreachable, ErrorClass::stalled, "peer_unreachable",
     "the connection to another rank is lost"},
    {Errc::too_few_ranks, ErrorClass::launch, "too_few_ranks",
     "at least 2 ranks are needed: a master and a worker"},
    {Errc::wrong_launcher, ErrorClass::launch, "wrong_launcher",
     "started by the launcher of another MPI"},
    {Errc::bad_magic, ErrorClass::internal, "bad_magic", "not a message of mpiferry"},
    {Errc::bad_version, ErrorClass::launch, "bad_version",
     "a message of another version of the protocol: the ranks run different versions of mpiferry"},
    {Errc::bad_kind, ErrorClass::internal, "bad_kind", "a message of an unknown kind"},
    {Errc::bad_length, ErrorClass::internal, "bad_length", "a message of the wrong length"},
    {Errc::bad_header_digest, ErrorClass::integrity, "bad_header_digest",
     "a message whose header is damaged"},
    {Errc::bad_payload_digest, ErrorClass::integrity, "bad_payload_digest",
     "a message whose payload is damaged"},
    {Errc::bad_field, ErrorClass::internal, "bad_field", "a message with an impossible value"},
    {Errc::unexpected_message, ErrorClass::internal, "unexpected_message",
     "a message that the protocol does not allow here"},
    {Errc::mpi_failed, ErrorClass::internal, "mpi_failed", "an MPI call failed"},
    {Errc::internal, ErrorClass::internal, "internal", "internal error"},
    {Errc::interrupted, ErrorClass::interrupted, "interrupted", "interrupted"},
});

const Row& row(Errc code) noexcept {
  const auto* found = std::ranges::find(kTable, code, &Row::code);
  return found != kTable.end() ? *found : *std::ranges::find(kTable, Errc::internal, &Row::code);
}

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "mpiferry"; }
  std::string message(int value) const override {
    return std::string{row(static_cast<Errc>(value)).message};
  }
};

}  // namespace

const std::error_category& mpiferry_category() noexcept {
  static const Category category;
  return category;
}

std::error_code make_error_code(Errc code) noexcept {
  return {static_cast<int>(code), mpiferry_category()};
}

ErrorClass error_class(Errc code) noexcept { return row(code).error_class; }

std::string_view error_name(Errc code) noexcept { return row(code).name; }

Errc error_from_name(std::string_view name) noexcept {
  const auto* found = std::ranges::find(kTable, name, &Row::name);
  return found != kTable.end() ? found->code : Errc::internal;
}

std::string_view class_name(ErrorClass error_class) noexcept {
  switch (error_class) {
    case ErrorClass::none:
      return "done";
    case ErrorClass::usage:
      return "usage";
    case ErrorClass::source:
      return "source";
    case ErrorClass::destination:
      return "destination";
    case ErrorClass::integrity:
      return "integrity";
    case ErrorClass::stalled:
      return "stalled";
    case ErrorClass::launch:
      return "launch";
    case ErrorClass::internal:
      return "internal";
    case ErrorClass::interrupted:
      return "interrupted";
  }
  return "internal";
}

}  // namespace mpiferry

// The errors of mpiferry: one enum, one category, one table.
//
// Every error belongs to a class; the class, not the error, decides the exit code.
#pragma once

#include <cstdint>
#include <string_view>
#include <system_error>

namespace mpiferry {

enum class Errc : int {
  ok = 0,
  // usage
  invalid_argument,
  // source
  source_not_found,
  source_unreadable,
  source_not_a_file,
  source_changed,
  source_read_failed,
  // destination
  dest_unusable,
  dest_occupied,
  dest_write_failed,
  report_write_failed,
  // integrity
  chunk_corrupt,
  manifest_damaged,
  chunk_missing,
  chunk_damaged,
  file_differs,
  // stalled
  worker_stalled,
  master_stalled,
  peer_unreachable,
  // launch
  too_few_ranks,
  wrong_launcher,
  // the wire: a message that is not what the protocol says; what a foreign version or a damaged
  // message explains has the class launch or integrity, the rest is internal
  bad_magic,
  bad_version,
  bad_kind,
  bad_length,
  bad_header_digest,
  bad_payload_digest,
  bad_field,
  unexpected_message,
  // internal
  mpi_failed,
  internal,
  // interrupted
  interrupted,
};

// What a user has to look at. The values are the exit codes of the program
// (docs/reference/exit-codes.md).
enum class ErrorClass : std::uint8_t {
  none = 0,
  usage = 2,
  source = 3,
  destination = 4,
  integrity = 5,
  stalled = 6,
  launch = 7,
  internal = 70,
  interrupted = 130,
};

// Thread-safe; never throws.
const std::error_category& mpiferry_category() noexcept;
std::error_code make_error_code(Errc code) noexcept;
ErrorClass error_class(Errc code) noexcept;
// The stable name of the error, as reports carry it: "source_not_found".
std::string_view error_name(Errc code) noexcept;
// "destination"
std::string_view class_name(ErrorClass error_class) noexcept;
// The error that a name or a number stands for; `Errc::internal` if it stands for none.
Errc error_from_name(std::string_view name) noexcept;

}  // namespace mpiferry

template <>
struct std::is_error_code_enum<mpiferry::Errc> : std::true_type {};

#include "engine/disk/vacancy.hpp"

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include "engine/disk/job_lock_file.hpp"
#include "engine/disk/replaceable.hpp"
#include "engine/disk/stale_file_scan.hpp"

namespace mpiferry::disk {
namespace {

// What lies in a destination, counted.
struct Survey {
  std::uint64_t chunks = 0;
  std::uint64_t stripes = 0;
  std::uint64_t files = 0;
  std::uint64_t partial_files = 0;
  bool manifest = false;
  bool job_lock = false;
  FileKind first_kind = FileKind::foreign;
  std::string first;

  void add(FileKind kind, std::string_view name) {
    chunks += kind == FileKind::chunk;
    stripes += kind == FileKind::stripe;
    files += kind == FileKind::shared_file;
    partial_files += is_partial(kind);
    manifest |= kind == FileKind::manifest;
    job_lock |= kind == FileKind::job_lock;
    // Shorter before longer, so that chunk_2 comes before chunk_10.
    const auto rank = [](FileKind k, std::string_view n) { return std::tuple{k, n.size(), n}; };
    if (first.empty() || rank(kind, name) < rank(first_kind, first)) {
      first_kind = kind;
      first = name;
    }
  }
};

// "2 stripes, 1 partial file, the first file is 'stripe_1.bin'"
std::string held_chunks(const Survey& survey) {
  std::string out;
  const auto count = [&out](std::uint64_t number, std::string_view noun) {
    if (number == 0) return;
    out += std::to_string(number) + " " + std::string{noun} + (number == 1 ? ", " : "s, ");
  };
  count(survey.chunks, "chunk");
  count(survey.stripes, "stripe");
  count(survey.files, "whole file");
  count(survey.partial_files, "partial file");
  return out + "the first file is " + mpiferry::quoted(survey.first);
}

}  // namespace

Outcome check_vacant(const Directory& directory, std::string_view own_job_lock) {
  Survey survey;
  StaleFileScan scan{directory, std::string{own_job_lock}};
  for (;;) {
    const auto entry = scan.next();
    if (!entry) return entry.error();
    if (!*entry) break;
    const FileKind kind = (*entry)->kind;
    if (kind == FileKind::foreign) continue;
    // What is no job's is named itself: neither --force nor --resume would take it away.
    if (is_known_by_content(kind) || !(*entry)->may_be_ours()) {
      if (Outcome ours = check_replaceable(directory, **entry, ""); !ours) return ours;
    }
    survey.add(kind, (*entry)->name);
  }
  if (survey.first.empty()) return Nothing{};

  Failure occupied;
  if (survey.job_lock) {
    occupied = JobLockFile{directory}.occupied("a job is running here, or was killed");
  } else {
    occupied.code = Errc::dest_occupied;
    occupied.path = directory.path();
    occupied.detail =
        survey.manifest ? "a finished job's files are here" : "an unfinished job's files are here";
    occupied.hint =
        "keep what is right there with `resume`, replace these files with `force`, or name another "
        "destination";
  }
  occupied.detail += ": " + held_chunks(survey);
  return occupied;
}

}  // namespace mpiferry::disk

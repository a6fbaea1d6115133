#include "tests/simulation/layout_reader.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace mpiferry::simulation {
namespace {

// Returns the <digits> of "<prefix><digits>.bin".
std::optional<std::uint64_t> number_in(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || !name.ends_with(".bin")) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = name.data() + name.size() - 4;
  const auto [rest, error] = std::from_chars(name.data() + prefix.size(), end, number);
  return error == std::errc{} && rest == end ? std::optional{number} : std::nullopt;
}

}  // namespace

std::string LayoutReader::directory_of(Rank rank) const {
  return it_.own_directories ? fmt::format("/out/{}", rank.value) : "/out";
}

std::string_view LayoutReader::bytes_of(std::uint64_t chunk) const {
  return std::string_view{source_}.substr(chunk * it_.chunk_size.value,
                                          it_.chunk_length(chunk).value);
}

// Each chunk of it, but for those that its worker could not write, which another has.
bool LayoutReader::is_right_stripe(Rank worker, std::string_view path) const {
  std::uint64_t place = 0;
  for (auto chunk = static_cast<std::uint64_t>(worker.value) - 1; chunk < it_.chunks();
       chunk += it_.workers, place += it_.chunk_size.value) {
    if (disks_.of(worker).holds(path, place, bytes_of(chunk), false)) continue;
    if (!it_.reroute || !somebody_has(chunk)) return false;
  }
  return true;
}

bool LayoutReader::somebody_has(std::uint64_t chunk) const {
  for (std::uint32_t rank = 1; rank <= it_.workers; ++rank) {
    if (has(Rank{static_cast<int>(rank)}, chunk, false)) return true;
  }
  return false;
}

bool LayoutReader::lies_at(Rank worker, const std::string& path, std::uint64_t offset,
                           std::uint64_t chunk, bool durable) const {
  const std::string_view right = bytes_of(chunk);
  return disks_.of(worker).holds(path, offset, right, durable);
}

bool LayoutReader::has(Rank worker, std::uint64_t chunk, bool durable) const {
  const std::string directory = directory_of(worker);
  const bool stripes = it_.layout == wire::Layout::stripes;
  if (it_.layout == wire::Layout::chunks || (stripes && worker != owner_of(chunk))) {
    return lies_at(worker, fmt::format("{}/chunk_{}.bin", directory, chunk), 0, chunk, durable);
  }
  const std::uint64_t place = (stripes ? chunk / it_.workers : chunk) * it_.chunk_size.value;
  const std::string path =
      stripes ? fmt::format("{}/stripe_{}.bin", directory, worker.value) : directory + "/file.bin";
  return lies_at(worker, path + ".part", place, chunk, durable) ||
         lies_at(worker, path, place, chunk, durable);
}

std::optional<bool> LayoutReader::is_right(std::string_view path) const {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  std::string right;
  if (const auto chunk = number_in(name, "chunk_")) {
    if (*chunk >= it_.chunks()) return false;
    right = bytes_of(*chunk);
  } else if (const auto rank = number_in(name, "stripe_")) {
    return is_right_stripe(Rank{static_cast<int>(*rank)}, path);
  } else if (name == "file.bin") {
    right = source_;
  } else {
    return std::nullopt;
  }
  // A chunk may have been written by another than its owner.
  for (std::uint32_t rank = 0; rank <= it_.workers; ++rank) {
    if (disks_.of(Rank{static_cast<int>(rank)}).read_file(path) == right) return true;
  }
  return false;
}

bool LayoutReader::final_file_is_right(Rank worker) const {
  if (it_.layout == wire::Layout::chunks) return true;
  const std::string path =
      directory_of(worker) + (it_.layout == wire::Layout::file
                                  ? std::string{"/file.bin"}
                                  : fmt::format("/stripe_{}.bin", worker.value));
  return !disks_.of(worker).exists(path) || is_right(path).value_or(true);
}

bool LayoutReader::is_whole() const {
  if (!has_manifest()) return false;
  for (std::uint64_t chunk = 0; chunk < it_.chunks(); ++chunk) {
    if (!has(owner_of(chunk), chunk, false) && !(it_.reroute && somebody_has(chunk))) return false;
  }
  return true;
}

}  // namespace mpiferry::simulation

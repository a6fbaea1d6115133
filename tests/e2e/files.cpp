#include "tests/e2e/files.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>

namespace mpiferry::e2e {

namespace fs = std::filesystem;

std::optional<std::uint64_t> chunk_index(const fs::path& file) {
  constexpr std::string_view prefix = "chunk_";
  constexpr std::string_view suffix = ".bin";
  const std::string text = file.filename();
  std::string_view name = text;
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  name.remove_suffix(suffix.size());
  std::uint64_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return index;
}

fs::path make_temporary_directory(const fs::path& parent) {
  std::string name = (parent.empty() ? fs::temp_directory_path() : parent) / "ferry-test-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::system_error{errno, std::generic_category(), "mkdtemp " + name};
  }
  return name;
}

TemporaryDirectory::TemporaryDirectory(const fs::path& parent)
    : path_(make_temporary_directory(parent)) {}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string random_bytes(std::uint64_t size, std::uint64_t seed) {
  std::string out(size, '\0');
  std::uint64_t state = seed * 0x9e3779b97f4a7c15ULL + 1;
  for (std::size_t i = 0; i < out.size(); i += sizeof state) {
    // This is xorshift64*.
    state ^= state >> 12U;
    state ^= state << 25U;
    state ^= state >> 27U;
    const std::uint64_t value = state * 0x2545f4914f6cdd1dULL;
    std::memcpy(out.data() + i, &value, std::min(sizeof value, out.size() - i));
  }
  return out;
}

void write_file(const fs::path& path, std::string_view bytes) {
  std::ofstream file{path, std::ios::binary | std::ios::trunc};
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) throw std::runtime_error{"cannot write " + path.string()};
}

void append_file(const fs::path& path, std::string_view bytes) {
  std::ofstream file{path, std::ios::binary | std::ios::app};
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string read_file(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream content;
  content << file.rdbuf();  // does not throw: a process may end while its file in /proc is read
  return content.str();
}

fs::path chunk_path(const fs::path& directory, std::uint64_t chunk) {
  return directory / ("chunk_" + std::to_string(chunk) + ".bin");
}

std::string concatenate_chunks(const fs::path& directory) {
  std::string out;
  for (std::uint64_t chunk = 0; fs::exists(chunk_path(directory, chunk)); ++chunk) {
    out += read_file(chunk_path(directory, chunk));
  }
  return out;
}

std::vector<std::string> files_below(const fs::path& root) {
  std::vector<std::string> out;
  if (!fs::is_directory(root)) return out;
  for (const auto& entry : fs::recursive_directory_iterator{root}) {
    if (!entry.is_directory()) out.push_back(entry.path().lexically_relative(root));
  }
  std::ranges::sort(out);
  return out;
}

std::vector<std::uint64_t> chunks_below(const fs::path& root) {
  std::vector<std::uint64_t> out;
  for (const std::string& file : files_below(root)) {
    if (const auto index = chunk_index(file)) out.push_back(*index);
  }
  std::ranges::sort(out);
  return out;
}

std::vector<std::string> unfinished_below(const fs::path& root) {
  std::vector<std::string> out;
  for (const std::string& file : files_below(root)) {
    const std::string name = fs::path{file}.filename();
    if (name.ends_with(".part") || name.starts_with(".mpiferry")) out.push_back(file);
  }
  return out;
}

}  // namespace mpiferry::e2e

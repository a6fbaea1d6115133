// What the tests of scatter(), gather() and verify() share: a directory that all ranks know, a
// source in it, and an observer that notes what it is told.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <mpi.h>

#include "engine/api/run.hpp"

namespace mpiferry {

inline int rank_in(MPI_Comm communicator) {
  int rank = 0;
  MPI_Comm_rank(communicator, &rank);
  return rank;
}
inline int size_of(MPI_Comm communicator) {
  int size = 0;
  MPI_Comm_size(communicator, &size);
  return size;
}

inline std::string random_bytes(std::uint64_t size) {
  std::string out(size, '\0');
  std::uint32_t state = 1;
  for (char& c : out) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24U);
  }
  return out;
}
inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// What an observer was told, in numbers.
struct Tally final : Observer {
  int sources = 0, sent = 0, statuses = 0, good_statuses = 0, written = 0, ends = 0;
  std::uint64_t chunks = 0;
  Rank written_by = kNoRank;

  void on_source(const std::string& /*source*/, std::uint64_t count,
                 Bytes /*chunk_size*/) override {
    ++sources;
    chunks = count;
  }
  void on_sent(ChunkIndex /*chunk*/, Rank /*to*/) override { ++sent; }
  void on_status(Rank /*from*/, bool good) override {
    ++statuses;
    good_statuses += good;
  }
  void on_written(Rank self, ChunkIndex /*chunk*/, const std::string& /*directory*/,
                  std::string_view /*file*/) override {
    ++written;
    written_by = self;
  }
  void on_end(Rank /*self*/) override { ++ends; }
};

// World rank 0 makes the directory and removes it; everybody knows its name.
class ApiTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kChunk = 4096;

  ApiTest() {
    std::vector<char> name(256);
    if (world_rank == 0) {
      std::string text = std::filesystem::temp_directory_path() / "ferry-roles-XXXXXX";
      if (::mkdtemp(text.data()) == nullptr) throw std::runtime_error{"mkdtemp " + text};
      text.copy(name.data(), name.size() - 1);
    }
    MPI_Bcast(name.data(), static_cast<int>(name.size()), MPI_CHAR, 0, MPI_COMM_WORLD);
    directory = name.data();
  }
  ~ApiTest() override {
    MPI_Barrier(MPI_COMM_WORLD);
    std::error_code ignored;
    if (world_rank == 0) std::filesystem::remove_all(directory, ignored);
  }

  // Only the master of `communicator` makes it, and gets the path.
  ScatterOptions job(MPI_Comm communicator, const std::string& name, std::uint64_t size) const {
    ScatterOptions options{.source = (directory / (name + ".source")).string(),
                           .destination = (directory / name).string(),
                           .chunk_size = {kChunk}};
    if (rank_in(communicator) == 0) {
      std::ofstream file{options.source, std::ios::binary};
      file << random_bytes(size);
    }
    return options;
  }
  std::string moved(const std::string& name, std::uint64_t chunks) const {
    std::string out;
    for (std::uint64_t i = 0; i < chunks; ++i) {
      out += read_file(directory / name / ("chunk_" + std::to_string(i) + ".bin"));
    }
    return out;
  }

  const int world_rank = rank_in(MPI_COMM_WORLD);
  std::filesystem::path directory;
};

}  // namespace mpiferry

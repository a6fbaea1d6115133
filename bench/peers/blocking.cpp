// The transfer of the blocking script in C++: the whole file in memory, MPI_Send of one
// chunk after the other, a status for each, read when all is sent. Its tags, its round robin, its
// files, its lines. A peer to compare with, not a program to use.
//
// mpirun -n RANKS bench_peer_blocking FILE CHUNK DEST [quiet]
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <ios>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <mpi.h>

#include "bench/limits/numbers.hpp"

namespace {

constexpr int kData = 11;
constexpr int kStatus = 22;
constexpr std::uint64_t kMaxChunk = std::uint64_t{1} << 30;

struct Options {
  std::filesystem::path file;
  std::size_t chunk = 1024;
  std::filesystem::path destination;
  bool quiet = false;
};

// (index, bytes), in one message; a message without bytes ends the job.
using Message = std::vector<char>;
constexpr std::size_t kIndex = sizeof(std::uint64_t);

std::vector<Message> read_chunks(const Options& options) {
  std::ifstream in{options.file, std::ios::binary};
  if (!in) throw std::runtime_error{"File '" + options.file.string() + "' not found"};
  std::vector<Message> chunks;
  for (;;) {
    Message message(kIndex + options.chunk);
    in.read(message.data() + kIndex, static_cast<std::streamsize>(options.chunk));
    if (in.gcount() == 0) break;
    message.resize(kIndex + static_cast<std::size_t>(in.gcount()));
    const std::uint64_t index = chunks.size();
    std::memcpy(message.data(), &index, kIndex);
    chunks.push_back(std::move(message));
  }
  if (in.bad()) throw std::runtime_error{options.file.string() + ": cannot be read"};
  return chunks;
}

bool master(const Options& options, int size) {
  const std::vector<Message> chunks = read_chunks(options);
  std::printf("Chunk size: %zu bytes\n", options.chunk);
  std::printf("Master: Read %zu chunks from '%s'.\n", chunks.size(), options.file.c_str());
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const int worker = static_cast<int>(i % static_cast<std::size_t>(size - 1)) + 1;
    MPI_Send(chunks[i].data(), static_cast<int>(chunks[i].size()), MPI_CHAR, worker, kData,
             MPI_COMM_WORLD);
    if (!options.quiet) std::printf("Master: Sent chunk %zu to process %d.\n", i, worker);
  }
  for (int worker = 1; worker < size; ++worker) {
    MPI_Send(nullptr, 0, MPI_CHAR, worker, kData, MPI_COMM_WORLD);
  }
  bool success = true;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    int status = 0;
    MPI_Recv(&status, 1, MPI_INT, MPI_ANY_SOURCE, kStatus, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (!options.quiet) std::printf("Master: Received status %s.\n", status ? "True" : "False");
    success = success && status != 0;
  }
  std::puts(success ? "Master: File transfer completed successfully."
                    : "Master: File transfer encountered errors.");
  return success;
}

bool worker(const Options& options, int rank) {
  std::filesystem::create_directories(options.destination);
  Message message(kIndex + options.chunk);
  bool success = true;
  for (;;) {
    MPI_Status received;
    MPI_Recv(message.data(), static_cast<int>(message.size()), MPI_CHAR, 0, kData, MPI_COMM_WORLD,
             &received);
    int length = 0;
    MPI_Get_count(&received, MPI_CHAR, &length);
    if (length == 0) break;
    std::uint64_t index = 0;
    std::memcpy(&index, message.data(), kIndex);
    const auto path = options.destination / ("chunk_" + std::to_string(index) + ".bin");
    std::ofstream out{path, std::ios::binary};
    out.write(message.data() + kIndex, length - static_cast<int>(kIndex));
    out.close();
    const int status = out ? 1 : 0;
    if (status == 0) {
      std::fprintf(stderr, "Worker %d: Error - %s cannot be written\n", rank, path.c_str());
      success = false;
    } else if (!options.quiet) {
      std::printf("Worker %d: Wrote chunk %zu to '%s'.\n", rank, static_cast<std::size_t>(index),
                  path.c_str());
    }
    MPI_Send(&status, 1, MPI_INT, 0, kStatus, MPI_COMM_WORLD);
  }
  if (!options.quiet) std::printf("Worker %d: Received termination signal.\n", rank);
  return success;
}

Options parse(std::span<char*> arguments, int size) {
  if (arguments.size() < 4 || arguments.size() > 5 ||
      (arguments.size() == 5 && std::string_view{arguments[4]} != "quiet")) {
    throw std::invalid_argument{"takes FILE CHUNK DEST [quiet]"};
  }
  if (size < 2) throw std::invalid_argument{"needs at least 2 ranks: mpirun -n 3 ..."};
  return {arguments[1], mpiferry::limits::number("CHUNK", arguments[2], 1, kMaxChunk), arguments[3],
          arguments.size() == 5};
}

int run(std::span<char*> arguments) {
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  try {
    const Options options = parse(arguments, size);
    return (rank == 0 ? master(options, size) : worker(options, rank)) ? 0 : 1;
  } catch (const std::invalid_argument& error) {  // every rank sees it and ends
    if (rank == 0) std::fprintf(stderr, "bench_peer_blocking: error: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {  // the others wait for us
    std::fprintf(stderr, "bench_peer_blocking: rank %d: error: %s\n", rank, error.what());
    MPI_Abort(MPI_COMM_WORLD, 1);
    return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  const int code = run({argv, static_cast<std::size_t>(argc)});
  MPI_Finalize();
  return code;
}

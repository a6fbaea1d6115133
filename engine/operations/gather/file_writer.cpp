#include "engine/operations/gather/file_writer.hpp"

#include <utility>

#include <boost/asio/post.hpp>

namespace mpiferry::operations {

FileWriter::~FileWriter() {
  ending_ = true;
  thread_->join();
}

void FileWriter::give(ChunkIndex chunk, Bytes offset, Bytes length, Lease lease) {
  ++pending_;
  boost::asio::post(thread_->executor(), Write{this, chunk, offset, length, std::move(lease)});
}

// On the writer's thread. Leases are the other thread's: this one hands them back and lets none go.
void FileWriter::Write::operator()() {
  disk::WriteError error;
  const auto bytes = lease.payload().first(length.value);
  if (!self->ending_) error = self->put_(offset, bytes, self->ending_);
  boost::asio::post(self->io_, Written{self, chunk, length, std::move(lease), error});
}

void FileWriter::Written::operator()() {
  --self->pending_;
  self->done_(chunk, length, std::move(lease), error);
}

}  // namespace mpiferry::operations

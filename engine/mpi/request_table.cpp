#include "engine/mpi/request_table.hpp"

#include <algorithm>
#include <cassert>
#include <functional>
#include <utility>

namespace mpiferry::mpi {
namespace {

constexpr std::uint32_t kFree = ~std::uint32_t{0};
constexpr std::uint32_t kCompleted = kFree - 1;

}  // namespace

RequestTable::RequestTable(std::size_t reserve) {
  requests_.reserve(reserve);
  rows_.reserve(reserve);
  row_of_slot_.reserve(reserve);
  generation_.reserve(reserve);
  free_slots_.reserve(reserve);
  indices_.reserve(reserve);
  statuses_.reserve(reserve);
  tested_.reserve(reserve);
}

RequestId RequestTable::take() {
  if (free_slots_.empty()) {
    generation_.resize(row_of_slot_.size() + 1);
    row_of_slot_.push_back(kFree);
    // Room for all that is done with the slot: none of it may fail once MPI has the request.
    const std::size_t capacity = row_of_slot_.capacity();
    requests_.reserve(capacity);
    rows_.reserve(capacity);
    free_slots_.reserve(capacity);
    free_slots_.push_back(static_cast<std::uint32_t>(row_of_slot_.size() - 1));
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  row_of_slot_[slot] = kCompleted;
  return {slot, generation_[slot]};
}

void RequestTable::start(RequestId id, MPI_Request request) noexcept {
  assert(contains(id) && !active(id));
  row_of_slot_[id.slot] = static_cast<std::uint32_t>(requests_.size());
  requests_.push_back(request);
  rows_.push_back({.slot = id.slot, .started = starts_++});
}

void RequestTable::release(RequestId id) {
  assert(contains(id) && !active(id));
  row_of_slot_[id.slot] = kFree;
  ++generation_[id.slot];
  free_slots_.push_back(id.slot);
}

bool RequestTable::contains(RequestId id) const noexcept {
  return id.slot < row_of_slot_.size() && row_of_slot_[id.slot] != kFree &&
         generation_[id.slot] == id.generation;
}

bool RequestTable::active(RequestId id) const noexcept {
  return contains(id) && row_of_slot_[id.slot] != kCompleted;
}

void RequestTable::cancel(std::uint32_t slot) {
  const std::uint32_t row = row_of_slot_[slot];
  if (row == kFree || row == kCompleted || std::exchange(rows_[row].cancelled, true)) return;
  MPI_Cancel(&requests_[row]);
}

void RequestTable::remove_row(std::size_t row) {
  row_of_slot_[rows_[row].slot] = kCompleted;
  if (row + 1 != requests_.size()) {
    requests_[row] = requests_.back();
    rows_[row] = rows_.back();
    row_of_slot_[rows_[row].slot] = static_cast<std::uint32_t>(row);
  }
  requests_.pop_back();
  rows_.pop_back();
}

std::span<const TestedRequest> RequestTable::test_some(int* mpi_result) {
  tested_.clear();
  *mpi_result = MPI_SUCCESS;
  if (requests_.empty()) return tested_;
  indices_.resize(requests_.size());
  statuses_.resize(requests_.size());
  int completed = 0;
  *mpi_result = MPI_Testsome(static_cast<int>(requests_.size()), requests_.data(), &completed,
                             indices_.data(), statuses_.data());
  const bool in_status = *mpi_result == MPI_ERR_IN_STATUS;
  // MPI_UNDEFINED: no request is active, which cannot happen to requests of our own.
  if ((*mpi_result != MPI_SUCCESS && !in_status) || completed == MPI_UNDEFINED) return tested_;

  for (std::size_t i = 0; i < static_cast<std::size_t>(completed); ++i) {
    const auto row = static_cast<std::size_t>(indices_[i]);
    // MPI_ERROR of a status means something only after MPI_ERR_IN_STATUS.
    const auto [slot, started, cancelled] = rows_[row];
    tested_.push_back({.id = {slot, generation_[slot]},
                       .mpi_result = in_status ? statuses_[i].MPI_ERROR : MPI_SUCCESS,
                       .status = statuses_[i],
                       .started = started});
  }
  std::ranges::sort(tested_, {}, &TestedRequest::started);
  // From the tail on, so that a row moved into a hole is never one that still has to go.
  const std::span completed_rows{indices_.data(), static_cast<std::size_t>(completed)};
  std::ranges::sort(completed_rows, std::greater{});
  for (const int row : completed_rows) remove_row(static_cast<std::size_t>(row));
  return tested_;
}

}  // namespace mpiferry::mpi

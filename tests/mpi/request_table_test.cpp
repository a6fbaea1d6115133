// The table alone, with generalized requests, which complete when and in the order that we say.
#include "engine/mpi/request_table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <mpi.h>

#include "engine/mpi/communicator.hpp"
#include "engine/mpi/environment.hpp"

namespace mpiferry::mpi {
namespace {

constexpr std::size_t kReserve = 4;  // small, so that the tests see it grow

// A request whose status counts `key` bytes, so that one can tell whose status it is.
struct Manual {
  explicit Manual(int its_key) : key(its_key) {
    MPI_Grequest_start(query, forget, cancel, this, &request);
  }
  Manual(const Manual&) = delete;
  Manual& operator=(const Manual&) = delete;
  ~Manual() = default;
  void complete() const { MPI_Grequest_complete(request); }

  static int query(void* extra, MPI_Status* status) {
    MPI_Status_set_elements(status, MPI_BYTE, static_cast<Manual*>(extra)->key);
    MPI_Status_set_cancelled(status, 0);
    status->MPI_SOURCE = MPI_UNDEFINED;
    status->MPI_TAG = MPI_UNDEFINED;
    return MPI_SUCCESS;
  }
  static int forget(void*) { return MPI_SUCCESS; }
  static int cancel(void* extra, int) {
    ++static_cast<Manual*>(extra)->cancels;
    return MPI_SUCCESS;
  }

  int key;
  int cancels = 0;
  MPI_Request request = MPI_REQUEST_NULL;
};

int key_of(const TestedRequest& tested) {
  int count = -1;
  MPI_Get_count(&tested.status, MPI_BYTE, &count);
  return count;
}

RequestId start(RequestTable& table, MPI_Request request) {
  const RequestId id = table.take();
  table.start(id, request);
  return id;
}

// Returns a copy of what one test reports.
std::vector<TestedRequest> test(RequestTable& table) {
  int result = -1;
  const auto tested = table.test_some(&result);
  EXPECT_EQ(result, MPI_SUCCESS);
  return {tested.begin(), tested.end()};
}

TEST(RequestTable, an_empty_table_has_nothing_to_test) {
  RequestTable table{kReserve};
  EXPECT_TRUE(table.empty());
  EXPECT_TRUE(test(table).empty());
  EXPECT_FALSE(table.contains({0, 0}));
}

TEST(RequestTable, reports_what_completed_and_only_that) {
  RequestTable table{kReserve};
  const Manual one{1};
  const Manual two{2};
  const RequestId first = start(table, one.request);
  const RequestId second = start(table, two.request);
  EXPECT_EQ(table.size(), 2U);
  EXPECT_TRUE(test(table).empty());

  two.complete();
  const auto tested = test(table);
  ASSERT_EQ(tested.size(), 1U);
  EXPECT_EQ(tested[0].id, second);
  EXPECT_EQ(key_of(tested[0]), 2);
  EXPECT_TRUE(table.active(first));
  EXPECT_FALSE(table.active(second));
  EXPECT_EQ(table.size(), 1U);
  EXPECT_TRUE(test(table).empty()) << "each once";

  one.complete();
  EXPECT_EQ(test(table).size(), 1U);
  EXPECT_TRUE(table.empty());
}

TEST(RequestTable, a_completed_slot_is_kept_until_it_is_released) {
  RequestTable table{kReserve};
  const Manual one{1};
  const RequestId id = start(table, one.request);
  one.complete();
  test(table);
  EXPECT_TRUE(table.contains(id));
  table.release(id);
  EXPECT_FALSE(table.contains(id));
  EXPECT_FALSE(table.active(id));
}

TEST(RequestTable, a_slot_used_again_does_not_answer_to_its_old_name) {
  RequestTable table{kReserve};
  const RequestId old = table.take();
  table.release(old);
  const Manual one{1};
  const RequestId id = start(table, one.request);
  EXPECT_EQ(id.slot, old.slot) << "used again";
  EXPECT_NE(id, old);
  EXPECT_FALSE(table.contains(old));
  EXPECT_FALSE(table.active(old));
  EXPECT_TRUE(table.active(id));
  EXPECT_EQ(table.slots(), 1U);
  one.complete();
  test(table);
}

TEST(RequestTable, a_slot_without_a_request_is_complete_from_the_start) {
  RequestTable table{kReserve};
  const RequestId id = table.take();
  EXPECT_TRUE(table.contains(id));
  EXPECT_FALSE(table.active(id));
  EXPECT_TRUE(table.empty());
  EXPECT_TRUE(test(table).empty());
}

TEST(RequestTable, keeps_names_and_requests_together_in_any_order_of_completion) {
  std::mt19937_64 random{1};
  for (int round = 0; round < 20; ++round) {
    RequestTable table{kReserve};
    std::vector<std::unique_ptr<Manual>> all;  // MPI asks them until they were tested
    std::vector<const Manual*> pending;
    std::map<int, RequestId> names;
    for (int key = 1; key < 400;) {
      for (auto n = random() % 8; n > 0; --n, ++key) {
        all.push_back(std::make_unique<Manual>(key));
        pending.push_back(all.back().get());
        names[key] = start(table, pending.back()->request);
      }
      std::ranges::shuffle(pending, random);
      const auto completed = random() % (pending.size() + 1);
      for (std::size_t i = 0; i < completed; ++i) {
        pending.back()->complete();
        pending.pop_back();
      }
      const auto tested = test(table);
      ASSERT_EQ(tested.size(), completed);
      for (const TestedRequest& request : tested) {
        ASSERT_EQ(request.id, names.at(key_of(request)));
        ASSERT_FALSE(table.active(request.id));
        table.release(request.id);
        names.erase(key_of(request));
      }
      ASSERT_EQ(table.size(), pending.size());
      for (const auto& [unused, id] : names) ASSERT_TRUE(table.active(id));
    }
    for (const Manual* request : pending) request->complete();
    test(table);
    EXPECT_TRUE(table.empty());
  }
}

// A sender's messages would overtake each other otherwise: after a row has moved, the row of a
// later receive is before that of an earlier one.
TEST(RequestTable, reports_in_the_order_in_which_requests_were_started) {
  RequestTable table{kReserve};
  std::vector<std::unique_ptr<Manual>> manuals;
  std::vector<RequestId> ids;
  for (int key = 0; key < 6; ++key) {
    manuals.push_back(std::make_unique<Manual>(key));
    ids.push_back(start(table, manuals.back()->request));
  }
  manuals[0]->complete();  // the last row takes its place
  ASSERT_EQ(test(table).size(), 1U);
  table.release(ids[0]);
  manuals.push_back(std::make_unique<Manual>(6));
  ids.push_back(start(table, manuals.back()->request));
  for (std::size_t key = 1; key < manuals.size(); ++key) manuals[key]->complete();
  std::vector<int> keys;
  for (const TestedRequest& tested : test(table)) keys.push_back(key_of(tested));
  EXPECT_EQ(keys, (std::vector{1, 2, 3, 4, 5, 6}));
}

TEST(RequestTable, a_cancelled_receive_is_reported_as_cancelled) {
  const Communicator comm = Communicator::duplicate(Environment::world());
  RequestTable table{kReserve};
  int unused = 0;
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Irecv(&unused, 1, MPI_INT, MPI_ANY_SOURCE, 11, comm.native(), &request);
  const RequestId id = start(table, request);
  table.cancel(id.slot);
  std::vector<TestedRequest> tested;
  while (tested.empty()) tested = test(table);
  int cancelled = 0;
  MPI_Test_cancelled(&tested[0].status, &cancelled);
  EXPECT_NE(cancelled, 0);
  table.cancel(id.slot);  // harmless once it is over
}

TEST(RequestTable, a_request_is_cancelled_once_and_the_next_one_in_its_slot_too) {
  RequestTable table{kReserve};
  Manual first{1};
  const RequestId id = start(table, first.request);
  table.cancel(id.slot);
  table.cancel(id.slot);
  EXPECT_EQ(first.cancels, 1);
  first.complete();
  EXPECT_EQ(test(table).size(), 1U);
  table.release(id);
  Manual second{2};
  ASSERT_EQ(start(table, second.request).slot, id.slot);
  table.cancel(id.slot);
  EXPECT_EQ(second.cancels, 1);
  second.complete();
  EXPECT_EQ(test(table).size(), 1U);
}

TEST(RequestTable, one_error_is_its_own_and_not_its_neighbours) {
  const Communicator comm = Communicator::duplicate(Environment::world());
  const int self = comm.rank().value;
  RequestTable table{kReserve};
  const std::array<int, 4> message{1, 2, 3, 4};
  std::array<int, 4> whole{};
  int part = 0;
  std::array<MPI_Request, 4> requests{};
  MPI_Irecv(whole.data(), 4, MPI_INT, self, 1, comm.native(), &requests[0]);
  MPI_Irecv(&part, 1, MPI_INT, self, 2, comm.native(), &requests[1]);
  MPI_Isend(message.data(), 4, MPI_INT, self, 1, comm.native(), &requests[2]);
  MPI_Isend(message.data(), 4, MPI_INT, self, 2, comm.native(), &requests[3]);
  std::vector<RequestId> ids;
  for (MPI_Request request : requests) ids.push_back(start(table, request));
  std::map<std::uint32_t, int> results;
  while (!table.empty()) {
    int unused = 0;
    for (const TestedRequest& tested : table.test_some(&unused)) {
      results[tested.id.slot] = tested.mpi_result;
    }
  }
  EXPECT_EQ(results.at(ids[0].slot), MPI_SUCCESS);
  EXPECT_NE(results.at(ids[1].slot), MPI_SUCCESS) << "truncated";
  EXPECT_EQ(results.at(ids[2].slot), MPI_SUCCESS);
  EXPECT_EQ(results.at(ids[3].slot), MPI_SUCCESS);
  EXPECT_EQ(whole, message);
}

}  // namespace
}  // namespace mpiferry::mpi

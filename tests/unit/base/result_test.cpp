#include "engine/base/result.hpp"

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace mpiferry {
namespace {

Result<std::string> parse(bool good) {
  if (good) return std::string{"value"};
  Failure failure;
  failure.code = Errc::bad_field;
  return failure;
}

TEST(Result, holds_the_value_of_a_success) {
  Result<std::string> result = parse(true);
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, "value");
  EXPECT_EQ(result->size(), 5U);
  result->push_back('s');
  EXPECT_EQ(*std::as_const(result), "values");
}

TEST(Result, holds_the_failure_of_a_failure) {
  Result<std::string> result = parse(false);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::bad_field);
  result.error().system_errno = 5;
  EXPECT_EQ(std::as_const(result).error().system_errno, 5);
}

TEST(Result, carries_a_value_that_can_only_be_moved) {
  Result<std::unique_ptr<int>> result{std::make_unique<int>(7)};
  ASSERT_TRUE(result);
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 7);
}

TEST(Result, a_value_that_is_false_is_still_a_success) {
  const Result<bool> result{false};
  EXPECT_TRUE(static_cast<bool>(result));
  EXPECT_FALSE(*result);
}

TEST(Outcome, is_a_success_without_a_value_or_a_failure) {
  const Outcome done = Nothing{};
  EXPECT_TRUE(static_cast<bool>(done));
  const Outcome failed = Failure{};
  EXPECT_FALSE(static_cast<bool>(failed));
  EXPECT_EQ(failed.error().code, Errc::internal);
}

}  // namespace
}  // namespace mpiferry

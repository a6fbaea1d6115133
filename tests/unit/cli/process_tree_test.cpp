// What /proc tells of processes.
#include "cli/process/process_tree.hpp"

#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "cli/process/whole_number.hpp"

namespace mpiferry::cli {
namespace {

TEST(ProcessTree, knows_this_process_and_its_parent) {
  EXPECT_TRUE(is_named(::getpid(), {"none", "unit_cli"})) << process_name(::getpid());
  EXPECT_FALSE(is_named(::getpid(), {"none", "nit_cli"}));
  EXPECT_EQ(parent_process(::getpid()), ::getppid());
}

TEST(ProcessTree, knows_nothing_of_a_process_that_does_not_exist) {
  constexpr pid_t kNone = 1 << 30;
  EXPECT_EQ(process_name(kNone), "");
  EXPECT_FALSE(is_named(kNone, {"unit_cli"}));
  EXPECT_EQ(parent_process(kNone), 0);
}

TEST(ProcessTree, begins_with_this_process) {
  const std::vector<pid_t> line = line_of_descent();
  ASSERT_GE(line.size(), 2U);
  EXPECT_EQ(line[0], ::getpid());
  EXPECT_EQ(line[1], ::getppid());
  EXPECT_EQ(starter(), line.back());
}

TEST(WholeNumber, takes_the_whole_text_or_nothing) {
  EXPECT_EQ(whole_number<int>("42"), 42);
  EXPECT_EQ(whole_number<int>("17", 8), 15);
  for (const char* text : {"", " 42", "42 ", "+42", "4.2", "x", "4294967296"}) {
    EXPECT_FALSE(whole_number<int>(text)) << text;
  }
}

}  // namespace
}  // namespace mpiferry::cli

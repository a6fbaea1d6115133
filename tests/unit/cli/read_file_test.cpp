#include "cli/process/read_file.hpp"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace mpiferry::cli {
namespace {

TEST(TextOf, a_file_is_all_of_it) {
  const std::string path = testing::TempDir() + "text_of_test";
  std::ofstream{path, std::ios::binary} << "one\ntwo\n";
  EXPECT_EQ(text_of(path), "one\ntwo\n");
}

TEST(TextOf, what_can_not_be_read_is_empty) {
  EXPECT_EQ(text_of("/nowhere/at/all"), "");
  EXPECT_EQ(text_of("/proc"),
            "");  // can be opened, and read() fails, as for a process that has ended
}

}  // namespace
}  // namespace mpiferry::cli

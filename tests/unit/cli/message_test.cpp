// An error, as it is printed.
#include "cli/process/message.hpp"

#include <string>

#include <gtest/gtest.h>

#include "engine/base/failure.hpp"

namespace mpiferry::cli {
namespace {

TEST(Message, an_error_and_its_hint_are_a_line_each_whoever_wrote_them) {
  const Failure failure{.code = Errc::internal, .detail = "no\nnews", .hint = "look\x1b[2J\nthere"};
  EXPECT_EQ(error_text(failure), "mpiferry: error: no\\nnews\n  hint: look\\x1b[2J\\nthere\n");
}

TEST(Message, a_line_says_whose_it_is_and_what_it_is) {
  EXPECT_EQ(error_line("no news"), "mpiferry: error: no news\n");
  EXPECT_EQ(warning_line("no news"), "mpiferry: warning: no news\n");
}

TEST(Message, a_warning_has_no_hint) {
  const Failure failure{.detail = "no news", .hint = "look there"};
  EXPECT_EQ(warning_text(failure), "mpiferry: warning: no news\n");
}

}  // namespace
}  // namespace mpiferry::cli

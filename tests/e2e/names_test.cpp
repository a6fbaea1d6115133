// Names of any bytes, relative and absolute.
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

struct Name {
  const char* what;
  const char* bytes;
};

// What GoogleTest shows of a parameter.
void PrintTo(const Name& name, std::ostream* out) { *out << name.what; }

class Names : public JobTest, public ::testing::WithParamInterface<Name> {
 protected:
  const std::string name = GetParam().bytes;
};

// The manifest's "source", whichever form it has.
std::string named_source(const std::filesystem::path& directory) {
  const Json source = Json::parse(read_file(directory / "manifest.json"))["source"];
  if (source.is_string()) return source;
  std::string out;
  const std::string hex = source["hex"];
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return out;
}

TEST_P(Names, work_for_source_and_destination) {
  source = temporary / ("s" + name);
  // Braces stand for something there.
  root = destination = temporary / ("d" + (GetParam().what == std::string{"braces"} ? "" : name));
  make_source(200'000);
  expect_moved(run_job(3));
  EXPECT_EQ(named_source(destination), source.string());
  if (have_xxhsum()) expect_sums_accepted();
}

TEST_P(Names, stay_one_line_in_the_error) {
  source = temporary / ("s" + name);
  const Finished finished = run_job(3);
  expect_failed(finished, 3, "No such file or directory");
}

INSTANTIATE_TEST_SUITE_P(, Names,
                         ::testing::Values(Name{"spaces", " a  b "}, Name{"newline", "a\nb\n"},
                                           Name{"quotes", R"('"`$(x)\)"},
                                           Name{"umlauts", "grüße ☃ 船"},
                                           Name{"no_utf8", "\xff\xfe\x80z"},
                                           Name{"braces", "{}{0}{rank"},
                                           Name{"control", "\x01\x1b[31m\x7f"}),
                         [](const auto& test) { return test.param.what; });

TEST_F(JobTest, names_may_be_relative) {
  make_source(200'000);
  Command command =
      scatter(3, {"--chunk-size", "64K", "--json", "report.json", "source", "a/b/dest"});
  command.directory = temporary.path();
  const Finished finished = run(command);
  root = destination = temporary / "a/b/dest";
  report_path = temporary / "report.json";
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(report()["directory"], "a/b/dest");
  EXPECT_EQ(named_source(destination), "source");
  EXPECT_TRUE(concatenate_chunks(destination) == bytes);
}

TEST_F(JobTest, names_may_look_like_options_after_two_dashes) {
  bytes = random_bytes(1000);
  write_file(temporary / "--force", bytes);
  Command command = scatter(3, {"--", "--force", "-d"});
  command.directory = temporary.path();
  const Finished finished = run(command);
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_TRUE(concatenate_chunks(temporary / "-d") == bytes);
}

TEST_F(JobTest, destination_may_end_with_slashes_and_be_deep_and_be_a_link) {
  make_source(200'000);
  const auto moves = [this](const std::string& to, const std::filesystem::path& seen) {
    destination = to;
    root = seen;
    expect_moved(run_job(3));
  };
  moves(temporary / "one//", temporary / "one");
  moves(temporary / "two/three/./four/../five/", temporary / "two/three/five");
  std::filesystem::create_directory(temporary / "real");
  std::filesystem::create_directory_symlink("real", temporary / "link");
  moves(temporary / "link", temporary / "real");
}

}  // namespace
}  // namespace mpiferry::e2e

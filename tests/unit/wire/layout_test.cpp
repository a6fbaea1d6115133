#include "engine/wire/layout.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace mpiferry::wire {
namespace {

// Names are promises to users and to manifests.
TEST(Layout, every_layout_has_its_name_and_its_files) {
  EXPECT_EQ(layout_name(Layout::chunks), "chunks");
  EXPECT_EQ(layout_name(Layout::stripes), "stripes");
  EXPECT_EQ(layout_name(Layout::file), "file");
  EXPECT_EQ(file_pattern(files_of(Layout::chunks)), "chunk_{i}.bin");
  EXPECT_EQ(file_pattern(files_of(Layout::stripes)), "stripe_{rank}.bin");
  EXPECT_EQ(file_pattern(files_of(Layout::file)), "file.bin");
}

TEST(Layout, every_name_leads_back_to_its_layout) {
  for (const Layout layout : {Layout::chunks, Layout::stripes, Layout::file}) {
    EXPECT_EQ(layout_from_name(layout_name(layout)), layout);
  }
}

TEST(Layout, a_name_that_is_none_is_none) {
  for (const std::string_view name : {"", "chunk", "Chunks", "files", "file.bin", "stripes "}) {
    EXPECT_FALSE(layout_from_name(name)) << name;
  }
}

TEST(Layout, all_names_are_the_choices_of_a_sentence) {
  const std::string last{kLayouts.back().name};
  EXPECT_TRUE(layout_choices().starts_with(R"("chunks", "stripes")")) << layout_choices();
  EXPECT_TRUE(layout_choices().ends_with(" or \"" + last + "\"")) << layout_choices();
}

}  // namespace
}  // namespace mpiferry::wire

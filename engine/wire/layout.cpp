#include "engine/wire/layout.hpp"

#include <algorithm>
#include <array>

namespace mpiferry::wire {
namespace {

struct Row {
  Layout layout;
  std::string_view name;
  std::string_view file_names;
};

constexpr auto kTable = std::to_array<Row>({
    {Layout::chunks, "chunks", "chunk_{i}.bin"},
    {Layout::stripes, "stripes", "stripe_{rank}.bin"},
    {Layout::file, "file", "file.bin"},
});

const Row& row(Layout layout) noexcept { return *std::ranges::find(kTable, layout, &Row::layout); }

}  // namespace

std::string_view layout_name(Layout layout) noexcept { return row(layout).name; }

std::optional<Layout> layout_from_name(std::string_view name) noexcept {
  const auto* found = std::ranges::find(kTable, name, &Row::name);
  return found != kTable.end() ? std::optional{found->layout} : std::nullopt;
}

std::string_view file_names(Layout layout) noexcept { return row(layout).file_names; }

}  // namespace mpiferry::wire

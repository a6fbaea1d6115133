#include "engine/wire/layout.hpp"

#include <algorithm>
#include <cstddef>

namespace mpiferry::wire {
namespace {

const LayoutName& row(Layout layout) noexcept {
  return *std::ranges::find(kLayouts, layout, &LayoutName::layout);
}

}  // namespace

std::string_view layout_name(Layout layout) noexcept { return row(layout).name; }

std::optional<Layout> layout_from_name(std::string_view name) noexcept {
  const auto* found = std::ranges::find(kLayouts, name, &LayoutName::name);
  return found != kLayouts.end() ? std::optional{found->layout} : std::nullopt;
}

std::string layout_choices() {
  std::string text;
  for (std::size_t i = 0; i < kLayouts.size(); ++i) {
    if (i > 0) text += i + 1 == kLayouts.size() ? " or " : ", ";
    text.append("\"").append(kLayouts[i].name).append("\"");
  }
  return text;
}

}  // namespace mpiferry::wire

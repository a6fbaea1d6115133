#include "engine/base/failure.hpp"

#include <system_error>

#include "engine/base/hex.hpp"

namespace mpiferry {

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHexDigits[byte >> 4U];
      out += kHexDigits[byte & 0xfU];
    } else {
      out += c;
    }
  }
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') out += c;
    out += c;
  }
  return printable(out);
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  out += escaped(text);
  return out += '\'';
}

std::string Failure::message() const {
  std::string out;
  const auto add = [&out](std::string_view part) {
    if (!out.empty()) out += ": ";
    out += part;
  };
  if (rank != kNoRank) {
    add("rank " + std::to_string(rank.value));
    if (!host.empty()) out += " (" + printable(host) + ")";
  }
  if (!path.empty()) add(quoted(path));
  if (!call.empty()) add(printable(call));
  if (!detail.empty()) {
    add(printable(detail));
  } else if (system_errno == 0) {
    add(make_error_code(code).message());
  }
  if (system_errno != 0) add(std::generic_category().message(system_errno));
  return out;
}

}  // namespace mpiferry

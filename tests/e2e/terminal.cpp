#include "tests/e2e/terminal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <system_error>
#include <termios.h>
#include <unistd.h>

namespace mpiferry::e2e {
namespace {

int checked(int result, const char* call) {
  if (result < 0) throw std::system_error{errno, std::generic_category(), call};
  return result;
}

}  // namespace

Terminal::Terminal(unsigned short columns)
    : master_(checked(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "posix_openpt")) {
  checked(::grantpt(master_), "grantpt");
  checked(::unlockpt(master_), "unlockpt");
  std::array<char, 64> name{};
  if (::ptsname_r(master_, name.data(), name.size()) != 0) checked(-1, "ptsname_r");
  name_ = name.data();
  slave_ = checked(::open(name_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC), "open");
  checked(::fcntl(master_, F_SETFL, O_NONBLOCK), "fcntl");
  termios mode{};
  checked(::tcgetattr(slave_, &mode), "tcgetattr");
  mode.c_oflag &= ~static_cast<tcflag_t>(OPOST);  // a line feed stays one
  checked(::tcsetattr(slave_, TCSANOW, &mode), "tcsetattr");
  winsize size{};
  size.ws_row = 24;
  size.ws_col = columns;
  checked(::ioctl(slave_, TIOCSWINSZ, &size), "ioctl");
}

Terminal::~Terminal() {
  ::close(slave_);
  ::close(master_);
}

const std::string& Terminal::read() {
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t got = ::read(master_, part.data(), part.size());
    if (got <= 0) return text_;
    text_.append(part.data(), static_cast<std::size_t>(got));
  }
}

std::vector<std::string> screen_after(std::string_view sent) {
  std::vector<std::string> lines(1);
  std::size_t column = 0;
  for (const char c : sent) {
    if (c == '\r' || c == '\n') {
      column = 0;
      if (c == '\n') lines.emplace_back();
      continue;
    }
    std::string& line = lines.back();
    if (line.size() <= column) line.resize(column + 1, ' ');
    line[column++] = c;
  }
  for (std::string& line : lines) line.erase(line.find_last_not_of(' ') + 1);
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

std::size_t widest_line(std::string_view sent) {
  std::size_t widest = 0;
  std::size_t column = 0;
  for (const char c : sent) {
    column = c == '\r' || c == '\n' ? 0 : column + 1;
    widest = std::max(widest, column);
  }
  return widest;
}

}  // namespace mpiferry::e2e

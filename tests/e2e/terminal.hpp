// A terminal for programs that the tests start.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mpiferry::e2e {

// A pseudo-terminal that passes bytes on as they are.
class Terminal {
 public:
  explicit Terminal(unsigned short columns);
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal();

  // What a program opens.
  const std::string& name() const { return name_; }
  // Takes what was written to it since; never waits. Who writes to a terminal that nobody reads
  // stops in the end.
  const std::string& read();

 private:
  int master_;
  int slave_;  // so that the master can be read before a program has opened the terminal
  std::string name_;
  std::string text_;
};

// What stands on a screen that is as wide as it need be, after so much was sent to it.
std::vector<std::string> screen_after(std::string_view sent);
// The widest that one line of it ever was.
std::size_t widest_line(std::string_view sent);

}  // namespace mpiferry::e2e

// Ways to meet a full disk, a read-only one and missing rights, without harm to the machine.
#pragma once

#include <functional>
#include <string>

namespace mpiferry::disk::test {

// Runs `body` in a thread that alone sees a tmpfs mounted at `directory`; `options` as of mount(8),
// "size=64k" for example. Returns why it could not be done; "" if `body` ran.
std::string with_private_tmpfs(const std::string& directory, const std::string& options,
                               bool read_only, const std::function<void()>& body);

// Runs `body` without the rights of root: if we are root, in a thread that is nobody. Returns why
// it could not be done; "" if `body` ran.
std::string without_root(const std::function<void()>& body);

}  // namespace mpiferry::disk::test

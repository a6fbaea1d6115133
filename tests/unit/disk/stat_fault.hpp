// Errors of fstatat(2), which ignored_case_test.cpp defines for all tests of this folder.
#pragma once

namespace mpiferry::disk::test {

inline thread_local int stat_error = 0;  // 0: none

}  // namespace mpiferry::disk::test

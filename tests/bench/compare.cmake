# bench.compare_*, bench.peer_*: bench/compare and the peers that are built here. No timing is asserted.
set(compare_tests ${PROJECT_SOURCE_DIR}/tests/bench)

add_test(NAME bench.compare_unit COMMAND ${Python3_EXECUTABLE} ${compare_tests}/compare_test.py)
set_tests_properties(bench.compare_unit PROPERTIES TIMEOUT 60)

add_test(NAME bench.compare_smoke COMMAND ${Python3_EXECUTABLE} ${compare_tests}/compare_smoke.py
  ${PROJECT_BINARY_DIR} ${MPIEXEC} ${PROJECT_BINARY_DIR})
set_tests_properties(bench.compare_smoke PROPERTIES TIMEOUT 240 PROCESSORS 2)

add_test(NAME bench.peer_blocking.4ranks COMMAND ${Python3_EXECUTABLE} ${compare_tests}/peers_test.py
  blocking ${MPIEXEC} $<TARGET_FILE:bench_peer_blocking>)
add_test(NAME bench.peer_original.4ranks COMMAND ${Python3_EXECUTABLE} ${compare_tests}/peers_test.py original)
set_tests_properties(bench.peer_blocking.4ranks bench.peer_original.4ranks PROPERTIES TIMEOUT 120 PROCESSORS 2)
set_tests_properties(bench.peer_original.4ranks PROPERTIES SKIP_REGULAR_EXPRESSION "SKIPPED: ")

# bench_write_limit: the files of a job, and what it says of bad input.
add_test(NAME bench.write_limit COMMAND ${Python3_EXECUTABLE} ${compare_tests}/write_limit_test.py
  $<TARGET_FILE:bench_write_limit>)
set_tests_properties(bench.write_limit PROPERTIES TIMEOUT 60)

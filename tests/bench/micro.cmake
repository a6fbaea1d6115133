# bench.micro_usage: what bad options get from the micro-benchmarks, of one rank and of several.
add_test(NAME bench.micro_usage COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/bench/micro_usage.py
  ${MPIEXEC} $<TARGET_FILE:bench_wire> $<TARGET_FILE:bench_engine>)
set_tests_properties(bench.micro_usage PROPERTIES TIMEOUT 120 PROCESSORS 2)

# What this machine allows, and the peers that are built here. Not benchmarks by themselves: bench/compare
# (and bench/sweep) run them beside mpiferry.
set(limits ${CMAKE_CURRENT_SOURCE_DIR}/limits)

add_library(mpiferry_limits STATIC ${limits}/crew.cpp ${limits}/chunk_files.cpp)
mpiferry_compile(mpiferry_limits)
target_include_directories(mpiferry_limits PUBLIC ${PROJECT_SOURCE_DIR})

add_executable(bench_write_limit ${limits}/write_limit.cpp)
mpiferry_compile(bench_write_limit)
target_link_libraries(bench_write_limit PRIVATE mpiferry_limits)

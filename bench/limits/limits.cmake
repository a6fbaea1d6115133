# What this machine allows, and the peers that are built here. Not benchmarks by themselves: bench/compare
# (and bench/sweep) run them beside mpiferry.
set(limits ${CMAKE_CURRENT_SOURCE_DIR}/limits)

add_library(mpiferry_limits STATIC ${limits}/processes.cpp ${limits}/chunk_files.cpp)
mpiferry_compile(mpiferry_limits)
target_include_directories(mpiferry_limits PUBLIC ${PROJECT_SOURCE_DIR})

add_executable(bench_write_limit ${limits}/write_limit.cpp)
mpiferry_compile(bench_write_limit)
target_link_libraries(bench_write_limit PRIVATE mpiferry_limits)

add_executable(bench_parts ${limits}/parts.cpp)
mpiferry_compile(bench_parts)
target_link_libraries(bench_parts PRIVATE mpiferry_limits mpiferry_wire)

add_executable(bench_empty ${limits}/empty.cpp)
mpiferry_rank_program(bench_empty)
target_link_libraries(bench_empty PRIVATE mpiferry_mpi_library)

add_executable(bench_peer_blocking ${CMAKE_CURRENT_SOURCE_DIR}/peers/blocking.cpp)
mpiferry_rank_program(bench_peer_blocking)
target_include_directories(bench_peer_blocking PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(bench_peer_blocking PRIVATE mpiferry_mpi_library)

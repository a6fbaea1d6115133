# The sweep, for the program's own `bench`: it looks in ../libexec/mpiferry, seen from itself.
set(libexec libexec/mpiferry)
install(PROGRAMS bench/sweep DESTINATION ${libexec})
install(DIRECTORY bench/mpiferry_bench DESTINATION ${libexec} FILES_MATCHING REGEX "[.](py|css|html)$"
  REGEX "/(peers|regression|transfer|__pycache__)$" EXCLUDE)
foreach(limit bench_transport bench_write_limit)  # without them the sweep says so
  if(TARGET ${limit})
    install(TARGETS ${limit} RUNTIME DESTINATION ${libexec})
  endif()
endforeach()

# In the build tree the script is where it is in the source tree.
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/${libexec})
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/bench/sweep ${PROJECT_BINARY_DIR}/${libexec}/sweep SYMBOLIC)

if(MPIFERRY_TESTS)
  add_subdirectory(tests/bench)
endif()

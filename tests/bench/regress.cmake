# bench.regress*: the regression gate. None of them says how fast anything is: the unit tests play machines,
# and what runs real jobs is slowed down by whole seconds, or too short to be red.
foreach(name regress_test regress_base_test regress_refusal_test regress_clone_test)
  add_test(NAME bench.${name} COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/${name}.py)
  set_tests_properties(bench.${name} PROPERTIES TIMEOUT 180)
endforeach()
if(TARGET mpiferry)
  foreach(group TheGateItself InCI)
    add_test(NAME bench.regress.${group}
      COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/regress_run_test.py ${group})
    set_tests_properties(bench.regress.${group} PROPERTIES TIMEOUT 180 PROCESSORS 2
      ENVIRONMENT "UCX_HANDLE_ERRORS=none;MPIFERRY_TEST_BINARY=$<TARGET_FILE:mpiferry>;MPIFERRY_TEST_MPIEXEC=${MPIEXEC}")
  endforeach()
endif()

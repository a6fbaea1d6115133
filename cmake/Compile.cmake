# mpiferry_compile(target): the warnings and sanitizers of our own code.
function(mpiferry_compile target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    -Wold-style-cast -Woverloaded-virtual)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # to GCC, sources that are compiled as one are headers
    target_compile_options(${target} PRIVATE $<$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>:-Wno-subobject-linkage>)
  endif()
  if(MPIFERRY_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(MPIFERRY_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=address,undefined)
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")  # Clang 14 cannot assemble what it says of coroutines' functions
      target_compile_options(${target} PRIVATE -fno-sanitize=function)
    endif()
    target_compile_definitions(${target} PRIVATE MPIFERRY_SANITIZED BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING)
  endif()
  if(MPIFERRY_FUZZ)  # asserts stay, whatever the build type
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
      -fno-omit-frame-pointer -UNDEBUG)
    target_link_options(${target} PRIVATE -fsanitize=address,undefined)
  endif()
endfunction()

# mpiferry_rank_program(target): a program that mpirun starts. With sanitizers it keeps MPI's plugins
# loaded, or LeakSanitizer calls their memory leaked (cmake/keep_plugins.cpp).
function(mpiferry_rank_program target)
  mpiferry_compile(${target})
  if(MPIFERRY_SANITIZE)
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/keep_plugins.cpp)
    set_target_properties(${target} PROPERTIES ENABLE_EXPORTS ON)
  endif()
endfunction()

# Finds MPICH (or a derivative: MVAPICH, Intel MPI, Cray MPICH) even where another MPI owns the names
# `mpicxx`, `mpirun` and <mpi.h>, and the launcher that belongs to it.
#
# mpiferry_find_mpich() sets in the caller's scope:
#   MPICH_READY      whether MPI::MPI_CXX is there and its mpi.h is MPICH's
#   MPICH_REMARK     if not: what was found instead
#   MPIEXEC          the launcher; empty if none was found
# -DMPI_CXX_COMPILER=... and -DMPIEXEC_EXECUTABLE=... override the search.

set(mpich_macros MPICH_VERSION MPICH_NUMVERSION MVAPICH2_VERSION MVAPICH_VERSION I_MPI_VERSION
  I_MPI_NUMVERSION CRAY_MPICH_VERSION)

# Whether the mpi.h of the compiler wrapper is MPICH's.
function(mpiferry_wrapper_is_mpich wrapper result)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/CMakeFiles/include_mpi.cpp
    CONTENT "#define MPICH_SKIP_MPICXX\n#include <mpi.h>\n")
  execute_process(COMMAND ${wrapper} -E -dM ${PROJECT_BINARY_DIR}/CMakeFiles/include_mpi.cpp
    OUTPUT_VARIABLE macros ERROR_QUIET)
  list(JOIN mpich_macros "|" any)
  if(macros MATCHES "#define (${any})[ \n]")
    set(${result} TRUE PARENT_SCOPE)
  else()
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()

# Whether the launcher starts MPICH's processes. Cray's and Slurm's are taken at their word.
function(mpiferry_launcher_is_mpich launcher result)
  execute_process(COMMAND ${launcher} --version OUTPUT_VARIABLE version ERROR_VARIABLE version)
  if(version MATCHES "Open MPI|OpenRTE|PRRTE")
    set(${result} FALSE PARENT_SCOPE)
  else()
    set(${result} TRUE PARENT_SCOPE)
  endif()
endfunction()

# Lets the next run search again, so that installing what was missing is enough.
function(mpiferry_forget_mpi)
  get_cmake_property(names CACHE_VARIABLES)
  foreach(name IN LISTS names)
    if(name MATCHES "^(MPI_(CXX|RESULT|HEADER)|MPIEXEC|MPI_.*_LIBRARY$)")
      unset(${name} CACHE)
    endif()
  endforeach()
endfunction()

function(mpiferry_find_mpich_wrapper)
  if(MPI_CXX_COMPILER)
    return()
  endif()
  # Every directory of PATH may hold another MPI under the same name: look at each.
  file(TO_CMAKE_PATH "$ENV{PATH}" path)
  foreach(directory IN LISTS MPI_HOME ITEMS $ENV{MPI_HOME} $ENV{I_MPI_ROOT})
    list(PREPEND path ${directory}/bin)
  endforeach()
  foreach(directory IN LISTS path ITEMS /usr/bin /usr/lib64/mpich/bin /usr/local/bin)
    foreach(name mpicxx.mpich mpicxx mpic++ mpiicpx mpiicpc)
      if(EXISTS ${directory}/${name})
        mpiferry_wrapper_is_mpich(${directory}/${name} good)
        if(good)
          set(MPI_CXX_COMPILER ${directory}/${name} CACHE FILEPATH "The compiler wrapper of MPICH")
          return()
        endif()
      endif()
    endforeach()
  endforeach()
endfunction()

function(mpiferry_find_mpich_launcher)
  if(MPIEXEC_EXECUTABLE)
    return()
  endif()
  # The wrapper's own directory first: `bin/mpicxx` goes with `bin/mpirun`.
  set(directories "")
  if(MPI_CXX_COMPILER)
    get_filename_component(beside ${MPI_CXX_COMPILER} DIRECTORY)
    list(APPEND directories ${beside})
  endif()
  file(TO_CMAKE_PATH "$ENV{PATH}" path)
  foreach(directory IN LISTS directories path)
    foreach(name mpirun.mpich mpiexec.mpich mpiexec.hydra mpirun mpiexec srun aprun)
      if(EXISTS ${directory}/${name})
        mpiferry_launcher_is_mpich(${directory}/${name} good)
        if(good)
          set(MPIEXEC_EXECUTABLE ${directory}/${name} CACHE FILEPATH "The launcher of MPICH")
          return()
        endif()
      endif()
    endforeach()
  endforeach()
endfunction()

macro(mpiferry_find_mpich)
  mpiferry_find_mpich_wrapper()
  mpiferry_find_mpich_launcher()
  set(MPICH_READY FALSE)
  set(MPICH_REMARK "")
  set(MPIEXEC "${MPIEXEC_EXECUTABLE}")
  find_package(MPI QUIET COMPONENTS CXX)
  if(MPI_CXX_FOUND)
    # The last word has the compiler, with the very flags that our code gets.
    include(CheckCXXSourceCompiles)
    list(TRANSFORM mpich_macros REPLACE "(.+)" "!defined(\\1)" OUTPUT_VARIABLE none_defined)
    list(JOIN none_defined " && " none_defined)
    set(CMAKE_REQUIRED_LIBRARIES MPI::MPI_CXX)
    set(CMAKE_REQUIRED_QUIET TRUE)
    unset(MPIFERRY_MPI_H_IS_MPICH CACHE)
    check_cxx_source_compiles("#define MPICH_SKIP_MPICXX
      #include <mpi.h>
      #if ${none_defined}
      #error not MPICH
      #endif
      int main() { return MPI_SUCCESS; }" MPIFERRY_MPI_H_IS_MPICH)
    unset(CMAKE_REQUIRED_LIBRARIES)
    unset(CMAKE_REQUIRED_QUIET)
    set(MPICH_READY ${MPIFERRY_MPI_H_IS_MPICH})
    if(NOT MPICH_READY)
      set(MPICH_REMARK "found another MPI: ${MPI_CXX_COMPILER}")
    endif()
  endif()
  if(NOT MPICH_READY)
    mpiferry_forget_mpi()
  endif()
endmacro()

# cmake -Ddirectories=A;B -P no_mpi_header.cmake: fails if an mpi.h lies in one of them.
foreach(directory IN LISTS directories)
  if(EXISTS ${directory}/mpi.h)
    message(SEND_ERROR "layers 0 to 3 compile with ${directory} on their include path: it has mpi.h")
  endif()
endforeach()

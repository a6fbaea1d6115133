# Collects what is missing, and says it in one message instead of one a run.
#
# mpiferry_missing(WHAT [REMARK]): WHAT is a name of packages.txt; REMARK says what was found instead.
# mpiferry_stop_if_missing(): ends the configuration if there was any.
set(mpiferry_package_table ${CMAKE_CURRENT_LIST_DIR}/packages.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${mpiferry_package_table})

function(mpiferry_missing what)
  set_property(GLOBAL APPEND PROPERTY mpiferry_missing_names "${what}")
  set_property(GLOBAL PROPERTY "mpiferry_missing_${what}" "${ARGN}")
endfunction()

function(mpiferry_stop_if_missing)
  get_property(missing GLOBAL PROPERTY mpiferry_missing_names)
  if(NOT missing)
    return()
  endif()
  file(STRINGS ${mpiferry_package_table} rows REGEX "^[a-z]")
  set(debian "")
  set(fedora "")
  set(spack "")
  set(message "mpiferry cannot be built yet. Missing:\n")
  foreach(row IN LISTS rows)
    string(REGEX REPLACE " *\\| *" ";" cells "${row}")
    list(GET cells 1 what)
    if(NOT what IN_LIST missing)
      continue()
    endif()
    get_property(remark GLOBAL PROPERTY "mpiferry_missing_${what}")
    if(remark)
      set(remark " (${remark})")
    endif()
    list(GET cells 3 in_debian)
    list(GET cells 4 in_fedora)
    list(GET cells 5 in_spack)
    string(REPLACE "/" " or " in_debian_words "${in_debian}")
    string(APPEND message "  * ${what}${remark}\n"
      "      Debian, Ubuntu: ${in_debian_words}   Fedora: ${in_fedora}   Spack: ${in_spack}\n")
    string(REGEX REPLACE "/[^ ]*" "" in_debian "${in_debian}")
    list(APPEND debian ${in_debian})
    list(APPEND fedora ${in_fedora})
    list(APPEND spack ${in_spack})
  endforeach()
  foreach(names debian fedora spack)
    list(REMOVE_DUPLICATES ${names})
    list(JOIN ${names} " " ${names})
  endforeach()
  message(FATAL_ERROR "${message}"
    "All of it at once:\n"
    "  Debian, Ubuntu: apt-get install ${debian}\n"
    "  Fedora:         dnf install ${fedora}\n"
    "  Spack:          spack install ${spack}  (then: spack load ${spack})\n"
    "Without tests and benchmarks less is needed: -DMPIFERRY_TESTS=OFF -DMPIFERRY_BENCH=OFF\n")
endfunction()

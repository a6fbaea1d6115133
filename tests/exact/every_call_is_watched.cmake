# Fails if PROGRAM calls a function of MPI that its ledger does not see: -DNM=nm -DPROGRAM=... -P this.
execute_process(COMMAND ${NM} -u ${PROGRAM} OUTPUT_VARIABLE symbols ERROR_VARIABLE symbols RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "${NM} -u ${PROGRAM}: ${symbols}")
endif()
if(NOT symbols MATCHES "[ _]PMPI_Isend")
  message(FATAL_ERROR "${PROGRAM} does not call PMPI_Isend: is the ledger linked into it?")
endif()
string(REGEX MATCHALL "[ \n\t]MPI_[A-Za-z_]+" unseen "${symbols}")
string(REGEX REPLACE "[ \n\t]" "" unseen "${unseen}")
if(unseen)
  message(FATAL_ERROR "${PROGRAM} calls ${unseen} past tests/exact/ledger.cpp: list it there, and decide whether "
    "it may be called during a transfer")
endif()

// Only in sanitized programs: shared libraries stay loaded until the process ends.
//
// UCX, below MPICH, unloads its transports in MPI_Finalize. What these still own is then reachable
// from no loaded module, and LeakSanitizer reports it as leaked by "<unknown module>", which no
// suppression can name. With the modules kept there is nothing to suppress, and leaks are ours.
extern "C" int dlclose(void* /*module*/) { return 0; }

// What any MPI program costs under mpirun: it starts and ends. The measure of mpiferry's start-up.
#include <mpi.h>

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  MPI_Finalize();
}

"""The transfer that mpiferry replaces, in Python, blocking as it was. A peer to compare with, not a
program to use: it holds the whole file, waits in every send, and checks nothing.

mpirun -n 4 python3 blocking_mpi4py.py [--file FILE] [--chunk-size BYTES] [--destination DIRECTORY]
"""

import argparse
import os

from mpi4py import MPI

DATA, STATUS = 11, 22


def master_process(comm: MPI.Comm, filename: str, chunk_size: int) -> None:
    size = comm.Get_size()
    try:
        chunks = []
        with open(filename, "rb") as file:
            while chunk := file.read(chunk_size):
                chunks.append(chunk)
        print(f"Chunk size: {chunk_size} bytes")
        print(f"Master: Read {len(chunks)} chunks from '{filename}'.")

        for i, chunk in enumerate(chunks):
            dest_rank = i % (size - 1) + 1
            comm.send((i, chunk), dest=dest_rank, tag=DATA)
            print(f"Master: Sent chunk {i} to process {dest_rank}.")
        for worker_rank in range(1, size):
            comm.send(None, dest=worker_rank, tag=DATA)

        success = True
        for _ in chunks:
            status = comm.recv(source=MPI.ANY_SOURCE, tag=STATUS)
            print(f"Master: Received status {status}.")
            if not status:
                success = False
        if success:
            print("Master: File transfer completed successfully.")
        else:
            print("Master: File transfer encountered errors.")
    except FileNotFoundError:
        print(f"Master: Error - File '{filename}' not found.")
        comm.Abort(1)  # the script left its workers waiting for ever
    except Exception as error:
        print(f"Master: Error - {error}")
        comm.Abort(1)


def worker_process(comm: MPI.Comm, output_dir: str) -> None:
    rank = comm.Get_rank()
    os.makedirs(output_dir, exist_ok=True)
    try:
        while True:
            data = comm.recv(source=0, tag=DATA)
            if data is None:
                print(f"Worker {rank}: Received termination signal.")
                break
            chunk_index, chunk_data = data
            output_file = os.path.join(output_dir, f"chunk_{chunk_index}.bin")
            with open(output_file, "wb") as file:
                file.write(chunk_data)
            print(f"Worker {rank}: Wrote chunk {chunk_index} to '{output_file}'.")
            comm.send(True, dest=0, tag=STATUS)
    except Exception as error:
        comm.send(False, dest=0, tag=STATUS)
        print(f"Worker {rank}: Error - {error}")
        comm.Abort(1)  # its master would have sent to a worker that is gone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", default="test.txt")
    parser.add_argument("--chunk-size", type=int, default=1024)
    parser.add_argument("--destination", default="./uploaded_files")
    args = parser.parse_args()
    comm = MPI.COMM_WORLD
    if args.chunk_size < 1 or comm.Get_size() < 2:
        parser.error("needs a --chunk-size from 1 up, and at least 2 ranks: mpirun -n 4 ...")
    if comm.Get_rank() == 0:
        master_process(comm, args.file, args.chunk_size)
    else:
        worker_process(comm, args.destination)


if __name__ == "__main__":
    main()

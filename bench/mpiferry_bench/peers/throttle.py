"""Writes SIZE bytes into FIFO, RATE of them a second. python3 throttle.py FIFO SIZE RATE"""

import sys
import time

STEP = 256 << 10  # bytes; some 2.6 ms of 100 MB/s


def main() -> None:
    size, rate = int(sys.argv[2]), float(sys.argv[3])
    block = memoryview(bytes(range(256)) * (STEP // 256))
    with open(sys.argv[1], "wb", buffering=0) as fifo:
        began, written = time.monotonic(), 0
        while written < size:
            time.sleep(max(0.0, began + written / rate - time.monotonic()))
            written += fifo.write(block[:size - written])


if __name__ == "__main__":
    main()

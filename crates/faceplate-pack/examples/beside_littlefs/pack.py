"""Packs files with littlefs-python in memory: `pack.py BLOCKS RUNS`.

For each file its length in bytes, its path and then its bytes come on standard input. Prints the seconds
of the fastest run and how many blocks are in use.
"""

import sys
import time

from littlefs import LittleFS


def pack(files, blocks):
    fs = LittleFS(block_size=4096, block_count=blocks)
    made = set()
    for path, data in files:
        folder = path.rpartition("/")[0]
        if folder and folder not in made:
            fs.makedirs(folder, exist_ok=True)
            made.add(folder)
        with fs.open(path, "wb") as file:
            file.write(data)
    return fs


blocks, runs = map(int, sys.argv[1:])
files = []
while head := sys.stdin.buffer.readline():
    length, path = head.decode().rstrip("\n").split(" ", 1)
    files.append((path, sys.stdin.buffer.read(int(length))))

best = float("inf")
for _ in range(runs):
    start = time.perf_counter()
    fs = pack(files, blocks)
    best = min(best, time.perf_counter() - start)
print(best, fs.used_block_count)

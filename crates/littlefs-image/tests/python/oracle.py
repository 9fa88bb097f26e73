"""Makes and reads LittleFS images with littlefs-python: one JSON request and answer per line.

Bytes are hexadecimal. A request that fails is answered by {"error": ...}.
"""

import json
import sys
import traceback

from littlefs import LittleFS, LittleFSError, lfs
from littlefs.context import UserContext

BLOCK_SIZE = 4096


class Disk(UserContext):
    """A disk in memory that refuses to program what is not erased, as flash does."""

    def read(self, cfg, block, off, size):
        start = block * BLOCK_SIZE + off
        return self.buffer[start : start + size]

    def prog(self, cfg, block, off, data):
        start = block * BLOCK_SIZE + off
        if self.buffer.count(0xFF, start, start + len(data)) != len(data):
            return -5  # LFS_ERR_IO
        self.buffer[start : start + len(data)] = data
        return 0

    def erase(self, cfg, block):
        self.buffer[block * BLOCK_SIZE : (block + 1) * BLOCK_SIZE] = b"\xff" * BLOCK_SIZE
        return 0


def open_fs(request, image=b""):
    config = request["config"]
    size = request["block_count"] * BLOCK_SIZE
    disk = Disk(buffer=bytearray(image.ljust(size, b"\xff")))
    count = config.pop("format_count", request["block_count"])
    fs = LittleFS(disk, mount=False, block_size=BLOCK_SIZE, block_count=count, **config)
    if not image:
        fs.format()
    fs.mount()
    return fs


def apply(fs, op, path, *rest):
    if op == "mkdir":
        fs.mkdir(path)
    elif op == "write":
        with fs.open(path, "wb") as file:
            file.write(bytes.fromhex(rest[0]))
    elif op == "append":
        with fs.open(path, "ab") as file:
            file.write(bytes.fromhex(rest[0]))
    elif op == "truncate":
        with fs.open(path, "r+b", buffering=0) as file:
            # Its truncate() ignores the size.
            lfs.file_truncate(file.fs, file.fh, rest[0])
    elif op == "patch":
        with fs.open(path, "r+b", buffering=0) as file:
            file.seek(rest[0])
            if rest[1]:
                file.write(bytes.fromhex(rest[1]))
    elif op == "rename":
        fs.rename(path, rest[0])
    elif op == "remove":
        fs.remove(path)
    elif op == "setattr":
        fs.setattr("/" + path, rest[0], bytes.fromhex(rest[1]))
    elif op == "removeattr":
        fs.removeattr("/" + path, rest[0])
    elif op == "remount":
        fs.unmount()
        fs.mount()
    else:
        raise ValueError(op)


def write(request):
    fs = open_fs(request, bytes.fromhex(request["image"]))
    for op in request["ops"]:
        apply(fs, *op)
    used = fs.used_block_count
    if request["grow_to"]:
        fs.fs_grow(request["grow_to"])
    fs.unmount()
    # The other side puts the erased end back.
    return {"image": fs.context.buffer.rstrip(b"\xff").hex(), "used": used}


def attributes(fs, path, kinds):
    found = {}
    for kind in kinds:
        try:
            found[kind] = fs.getattr("/" + path, kind).hex()
        except LittleFSError as error:
            if error.code != LittleFSError.Error.LFS_ERR_NOATTR:
                raise
    return found


def read(request):
    fs = open_fs(request, bytes.fromhex(request["image"]))
    kinds = request["kinds"]
    nodes = [["", None, attributes(fs, "", kinds)]]
    open_dirs = [""]
    while open_dirs:
        directory = open_dirs.pop()
        for entry in fs.scandir("/" + directory):
            path = directory + "/" + entry.name if directory else entry.name
            data = None
            if entry.type == 1:  # LFS_TYPE_REG
                with fs.open(path, "rb", buffering=0) as file:
                    data = (file.read(entry.size + 1) or b"").hex()
            else:
                open_dirs.append(path)
            nodes.append([path, data, attributes(fs, path, kinds)])
    return {"nodes": nodes, "used": fs.used_block_count}


def answer(request):
    try:
        return {"write": write, "read": read}[request["do"]](request)
    except Exception:  # the test shows it
        return {"error": traceback.format_exc()}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)

#!/usr/bin/env python3
"""Puts ONNX Runtime's shared library into `.onnxruntime/`, where demur looks for it.

The library comes out of the wheel that its makers publish on PyPI, because that is the one build
that exists for every platform demur runs on and installs without a compiler. `onnxruntime.lock`
beside this file names the wheels and holds a SHA-256 for each of them and for each file that is taken
out; nothing is written that does not match. A folder that already holds the right files is left alone,
without a connection.

    fetch-onnxruntime.py [--variant cpu|gpu] [--into FOLDER]
    fetch-onnxruntime.py --pin VERSION        (for maintainers: rewrites the lock for a new version)

Needs Python 3.9 or newer with pip, and nothing else.
"""

import argparse
import configparser
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCK = HERE / "onnxruntime.lock"
FOLDER = HERE.parent / ".onnxruntime"

# What `--pin` asks for. The tag of the interpreter decides nothing: the library is the same in each wheel.
INTERPRETER = "cp313"
TARGETS = {
    "cpu linux x86_64": ("onnxruntime", "manylinux_2_28_x86_64"),
    "cpu linux aarch64": ("onnxruntime", "manylinux_2_28_aarch64"),
    "cpu macos arm64": ("onnxruntime", "macosx_14_0_arm64"),
    "gpu linux x86_64": ("onnxruntime-gpu", "manylinux_2_28_x86_64"),
}
TAKEN = (
    "libonnxruntime.so",
    "libonnxruntime.dylib",
    "libonnxruntime_providers_shared.so",
    "libonnxruntime_providers_cuda.so",
    "LICENSE",
    "ThirdPartyNotices.txt",
)


class Failure(Exception):
    """Something the caller has to act on, said in one sentence."""


def digest(path):
    """The SHA-256 of a file, in hexadecimal."""
    sha256 = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            sha256.update(block)
    return sha256.hexdigest()


def this_target(variant):
    """The section of the lock for this machine."""
    system = {"Darwin": "macos"}.get(platform.system(), platform.system().lower())
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if system == "macos" and machine == "aarch64":
        machine = "arm64"
    return f"{variant} {system} {machine}"


def plain_name(member):
    """`onnxruntime/capi/libonnxruntime.so.1.31.1` is kept as `libonnxruntime.so`."""
    name = member.rsplit("/", 1)[-1]
    if name.startswith("libonnxruntime.so."):
        return "libonnxruntime.so"
    if name.startswith("libonnxruntime.") and name.endswith(".dylib"):
        return "libonnxruntime.dylib"
    return name


def download(package, version, interpreter, tag, into):
    """One wheel through pip, which brings its own cache, proxies and certificates."""
    pip = [sys.executable, "-m", "pip"]
    if subprocess.run([*pip, "--version"], capture_output=True).returncode != 0:
        raise Failure(
            f"`{sys.executable}` has no pip, which fetches the wheel: install it (Debian: `apt-get install "
            "python3-pip`), or set ORT_DYLIB_PATH to a libonnxruntime you already have"
        )
    command = [*pip, "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    command += ["--implementation", "cp", "--python-version", f"{interpreter[2]}.{interpreter[3:]}"]
    command += ["--abi", interpreter, "--platform", tag, "--dest", str(into), f"{package}=={version}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"pip could not download `{package}=={version}`:\n{done.stderr.strip()}")
    wheels = list(Path(into).glob("*.whl"))
    if len(wheels) != 1:
        raise Failure(f"pip left {len(wheels)} wheels in `{into}`, expected one")
    return wheels[0]


def fetch(variant, folder):
    """Makes `folder` hold what the lock says."""
    lock = configparser.ConfigParser(interpolation=None)
    lock.optionxform = str
    if not lock.read(LOCK):
        raise Failure(f"`{LOCK}` is missing")
    target = this_target(variant)
    if target not in lock:
        known = ", ".join(f"`{section}`" for section in lock.sections())
        raise Failure(f"no wheel is pinned for `{target}`; there are {known}. Set ORT_DYLIB_PATH to your own build")
    wanted = dict(lock[target])
    wheel_name, wheel_digest = wanted.pop("wheel"), wanted.pop("sha256")

    here = {name: folder / name for name in wanted}
    if all(path.is_file() and digest(path) == wanted[name] for name, path in here.items()):
        print(f"ONNX Runtime is in place: {folder} ({wheel_name})")
        return

    package, version, interpreter, _, tag = wheel_name[: -len(".whl")].split("-")
    print(f"fetching {wheel_name}", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that the last step is a rename on one file system and never a half-written file.
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder) as scratch:
        wheel = download(package.replace("_", "-"), version, interpreter, tag, scratch)
        found = digest(wheel)
        if found != wheel_digest:
            raise Failure(f"`{wheel.name}` has the SHA-256 {found}, but {LOCK.name} says {wheel_digest}")
        with zipfile.ZipFile(wheel) as archive:
            members = {plain_name(m): m for m in archive.namelist() if m.startswith("onnxruntime/")}
            for name, expected in wanted.items():
                extracted = Path(scratch) / name
                with archive.open(members[name]) as source, open(extracted, "wb") as out:
                    shutil.copyfileobj(source, out, 1 << 20)
                if digest(extracted) != expected:
                    raise Failure(f"`{name}` from `{wheel.name}` does not match {LOCK.name}")
        # The main library goes last: while it is the old one, its companions do no harm.
        for name in sorted(wanted, key=lambda n: plain_name(n) in ("libonnxruntime.so", "libonnxruntime.dylib")):
            os.replace(Path(scratch) / name, here[name])
    print(f"ONNX Runtime is in place: {folder} ({wheel_name})")


def pin(version):
    """Writes the lock anew for `version`, from the wheels themselves."""
    lines = [
        "# The ONNX Runtime that demur runs on, to the byte. `fetch-onnxruntime.py --pin VERSION` writes this file;",
        "# raise the version together with the `api-NN` feature of the crate `ort` in the workspace's Cargo.toml.",
        "# The gpu variant wants CUDA 13 and cuDNN 9 on the machine.",
    ]
    for target, (package, tag) in TARGETS.items():
        with tempfile.TemporaryDirectory() as scratch:
            wheel = download(package, version, INTERPRETER, tag, scratch)
            lines += ["", f"[{target}]", f"wheel = {wheel.name}", f"sha256 = {digest(wheel)}"]
            with zipfile.ZipFile(wheel) as archive:
                for member in sorted(archive.namelist()):
                    if member.startswith("onnxruntime/") and plain_name(member) in TAKEN and member.count("/") <= 2:
                        lines.append(f"{plain_name(member)} = {hashlib.sha256(archive.read(member)).hexdigest()}")
        print(f"pinned {wheel.name}", flush=True)
    LOCK.write_text("\n".join(lines) + "\n")


def main():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--into", type=Path, default=FOLDER, metavar="FOLDER")
    parser.add_argument("--pin", metavar="VERSION", help=argparse.SUPPRESS)
    options = parser.parse_args()
    try:
        if options.pin:
            pin(options.pin)
        else:
            fetch(options.variant, options.into)
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

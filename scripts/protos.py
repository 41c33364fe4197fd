"""Generate `services/onhand/api` from `protos/`, or check that it is fresh (`--check`).

protovalidate ships its `validate.proto` only as a descriptor inside its package, so protoc is given a
descriptor set for it and for the other imports instead of files. The generated modules import each
other by proto path; ours are below `onhand.api` anyway, and `buf.validate` is placed there too, so that
the distribution has exactly one import package.
"""

from __future__ import annotations

import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf import any_pb2, descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2
from google.rpc import status_pb2
from google.type import latlng_pb2, postal_address_pb2
from grpc_tools import protoc
from protovalidate._gen.buf.validate import validate_pb

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
API = ROOT / "services" / "onhand" / "api"
IMAGE = PROTOS / "main.binpb"
"""The contracts as last released or merged, for `buf breaking`."""


def imports() -> descriptor_pb2.FileDescriptorSet:
    """Descriptors of every file that ours import, dependencies first."""
    files = descriptor_pb2.FileDescriptorSet()
    for module in (
        descriptor_pb2,
        duration_pb2,
        timestamp_pb2,
        field_mask_pb2,
        any_pb2,
        status_pb2,
        latlng_pb2,
        postal_address_pb2,
    ):
        module.DESCRIPTOR.CopyToProto(files.file.add())
    files.file.add().ParseFromString(validate_pb._DESC.proto.to_binary())  # noqa: SLF001
    return files


def run_protoc(arguments: list[str], descriptors: Path) -> None:
    sources = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    code = protoc.main(
        ["protoc", f"--proto_path={PROTOS}", f"--descriptor_set_in={descriptors}", *arguments, *sources]
    )
    if code != 0:
        sys.exit("protoc failed")


def generate(target: Path) -> None:
    """Write the whole of `onhand/api` below `target`."""
    with tempfile.TemporaryDirectory() as folder:
        descriptors = Path(folder) / "imports.binpb"
        descriptors.write_bytes(imports().SerializeToString())
        out = Path(folder) / "out"
        out.mkdir()
        plugin = Path(sys.executable).with_name("protoc-gen-mypy_grpc")
        run_protoc(
            [
                f"--python_out={out}",
                f"--pyi_out={out}",
                f"--grpc_python_out={out}",
                f"--plugin=protoc-gen-mypy_grpc={plugin}",
                f"--mypy_grpc_out=quiet,generate_concrete_servicer_stubs=false:{out}",
            ],
            descriptors,
        )
        validate = [
            f"--proto_path={folder}",
            f"--descriptor_set_in={descriptors}",
            f"--python_out={out}",
            f"--pyi_out={out}",
        ]
        if protoc.main(["protoc", *validate, "buf/validate/validate.proto"]) != 0:
            sys.exit("protoc failed on buf/validate/validate.proto")
        shutil.copytree(out / "onhand" / "api", target, dirs_exist_ok=True)
        shutil.copytree(out / "buf", target / "buf", dirs_exist_ok=True)
    for path in target.rglob("*.py*"):
        text = path.read_text()
        text = text.replace("from buf.validate import", "from onhand.api.buf.validate import")
        path.write_text(text)
    for folder_ in [target, *(path for path in target.rglob("*") if path.is_dir())]:
        (folder_ / "__init__.py").touch()
    for path in target.rglob("*_pb2_grpc.py"):
        # protoc makes an empty one for each file without a service.
        if "class " not in path.read_text():
            path.unlink()
            path.with_suffix(".pyi").unlink()


def image(path: Path) -> None:
    """Write the contracts with their imports and comments as one descriptor set, buf's input."""
    with tempfile.TemporaryDirectory() as folder:
        descriptors = Path(folder) / "imports.binpb"
        descriptors.write_bytes(imports().SerializeToString())
        run_protoc(
            ["--include_imports", "--include_source_info", f"--descriptor_set_out={path}"], descriptors
        )


def buf(*arguments: str) -> None:
    program = Path(sys.executable).with_name("buf")
    if subprocess.run([program, *arguments], cwd=PROTOS, check=False).returncode != 0:
        sys.exit(f"buf {arguments[0]} failed")


def same(left: Path, right: Path) -> bool:
    compared = filecmp.dircmp(left, right, ignore=["__pycache__"])
    if compared.left_only or compared.right_only:
        return False
    _, differing, errors = filecmp.cmpfiles(left, right, compared.common_files, shallow=False)
    return (
        not differing and not errors and all(same(left / name, right / name) for name in compared.common_dirs)
    )


def main() -> None:
    match sys.argv[1:]:
        case []:
            shutil.rmtree(API)
            generate(API)
        case ["--check"]:
            with tempfile.TemporaryDirectory() as folder:
                fresh = Path(folder) / "api"
                generate(fresh)
                if not same(fresh, API):
                    sys.exit("services/onhand/api is not what protos/ gives: run scripts/protos")
                now = Path(folder) / "now.binpb"
                image(now)
                buf("lint", str(now), "--config", "buf.yaml")
                buf("breaking", str(now), "--against", str(IMAGE), "--config", "buf.yaml")
        case ["--release"]:
            image(IMAGE)
        case _:
            sys.exit("usage: scripts/protos [--check | --release]")


if __name__ == "__main__":
    main()

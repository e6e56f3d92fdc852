"""Runs one benchmark: `python -m benchmarks NAME [--json] [options]`; without a name, lists them.

A benchmark is a module of this package. Its docstring says what it measures, `arguments(parser)`
adds its options, `run(options)` measures and returns the figures by name. Progress goes to stderr,
so that stdout holds nothing but the result.
"""

import argparse
import ast
import importlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

Value = float | int | str
Figures = Mapping[str, Value | Mapping[str, Value]]
"""By name; those of a variant of the benchmark in a mapping of their own."""


class Benchmark(Protocol):
    """A module of this package."""

    __doc__: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the benchmark's options."""

    def run(self, options: argparse.Namespace) -> Figures:
        """Measure, and return the figures by name."""


def main(words: Sequence[str]) -> None:
    """Run the benchmark that the command line names, or list all."""
    titles = _titles()
    if not words or words[0] in {"-h", "--help"}:
        print("usage: python -m benchmarks NAME [--json] [options]   (NAME --help for them)\n")
        print("\n".join(f"  {name:12}{title}" for name, title in titles.items()))
        return
    if words[0] not in titles:
        sys.exit(f"There is no benchmark {words[0]!r}. There are: {', '.join(titles)}.")
    benchmark = cast("Benchmark", importlib.import_module(f"benchmarks.{words[0]}"))
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks {words[0]}",
        description=benchmark.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    benchmark.arguments(parser)
    options = parser.parse_args(words[1:])
    figures = benchmark.run(options)
    print(json.dumps(figures) if options.json else _table(figures))


def _titles() -> dict[str, str]:
    """Return the first line of each benchmark's docstring, read without importing it."""
    modules = sorted(Path(__file__).parent.glob("[!_]*.py"))
    documented = {path.stem: ast.get_docstring(ast.parse(path.read_text())) for path in modules}
    return {name: (text or "").partition("\n")[0] for name, text in documented.items()}


def _table(figures: Figures) -> str:
    rows = dict(_rows(figures))
    width = max(map(len, rows), default=0)
    return "\n".join(f"{name:{width}}  {_shown(value)}" for name, value in rows.items())


def _rows(figures: Figures) -> Iterator[tuple[str, Value]]:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", each) for inner, each in value.items())
        else:
            yield name, value


def _shown(value: Value) -> str:
    return f"{value:,.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main(sys.argv[1:])

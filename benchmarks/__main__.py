"""Runs one benchmark: `python -m benchmarks NAME [--json] [options]`; without a name, lists them.

A benchmark is a module of this package. Its docstring says what it measures, `arguments(parser)`
adds its options, `run(options)` measures and returns the figures by name. Progress goes to stderr,
so that stdout holds nothing but the result.
"""

import argparse
import importlib
import json
import pkgutil
from collections.abc import Mapping
from typing import Protocol, cast

import benchmarks

Figures = Mapping[str, float | int | str]


class Benchmark(Protocol):
    """A module of this package."""

    __doc__: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the benchmark's options."""

    def run(self, options: argparse.Namespace) -> Figures:
        """Measure, and return the figures by name."""


def main() -> None:
    """Run the benchmark that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures NeuroCortex on this machine.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="benchmarks:\n" + "\n".join(f"  {name:12} {_title(name)}" for name in _names()),
    )
    names = parser.add_subparsers(metavar="NAME")
    for name in _names():
        benchmark = _load(name)
        own = names.add_parser(
            name,
            description=benchmark.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        own.add_argument("--json", action="store_true", help="print one JSON object")
        benchmark.arguments(own)
        own.set_defaults(benchmark=benchmark)
    options = parser.parse_args()
    if not hasattr(options, "benchmark"):
        parser.print_help()
        return
    figures = cast("Benchmark", options.benchmark).run(options)
    print(json.dumps(figures) if options.json else _table(figures))


def _names() -> list[str]:
    found = pkgutil.iter_modules(benchmarks.__path__)
    return sorted(module.name for module in found if not module.name.startswith("_"))


def _load(name: str) -> Benchmark:
    return cast("Benchmark", importlib.import_module(f"benchmarks.{name}"))


def _title(name: str) -> str:
    return _load(name).__doc__.splitlines()[0]


def _table(figures: Figures) -> str:
    width = max(map(len, figures), default=0)
    return "\n".join(f"{name:{width}}  {_shown(value)}" for name, value in figures.items())


def _shown(value: float | str) -> str:
    return f"{value:,.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()

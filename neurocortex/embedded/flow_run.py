"""`python -m neurocortex.embedded.flow_run WORKER`: one flow run, which ends with its worker.

What `python -m prefect.engine` does, in a process that the kernel kills when the worker, whose
pid WORKER is, dies: nobody would hear of its result, and the run is declared crashed and may run
again elsewhere.
"""

import runpy
import signal
import sys

from neurocortex.embedded.launch import die_with_parent


def main() -> None:
    """Run the flow run that PREFECT__FLOW_RUN_ID names."""
    worker = int(sys.argv[1])
    if die_with_parent(worker, signal.SIGKILL):
        sys.argv = ["prefect.engine"]
        runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

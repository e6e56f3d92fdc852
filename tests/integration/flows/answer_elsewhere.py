"""Another process, as another worker's would be: `answer_elsewhere.py QUESTION`, prints the run."""

import sys

from flows.answer_question import answer_question

state = answer_question(sys.argv[1], return_state=True)
print(state.state_details.flow_run_id, state.result().text, sep="\n")  # noqa: T201

"""Gates: what data must be like, checked by Great Expectations before anything is loaded.

`expectations` says what is expected, `gate.evaluate` checks a frame, `report` is what came out.
Only `engine` imports Great Expectations, and only when the first frame is checked, because that
import takes seconds.
"""

"""Run a script as its own main program, and note what it raised. Run by the Python that the scripts of jobs run in.

usage: launch.py NOTE SCRIPT [ARGUMENT…]

NOTE is a file that is written only if the script fails by an exception: what the run's ErrorMessage will say.
"""

import re
import runpy
import sys
import traceback
from pathlib import Path


def main() -> None:
    """Run it; the code to exit with is the script's own."""
    note, script = Path(sys.argv[1]), sys.argv[2]
    sys.argv = sys.argv[2:]
    sys.path[0] = str(Path(script).parent)  # as if it had been started itself
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as error:
        if error.code not in (None, 0):
            note.write_text(f"SystemExit: {error.code}")
        raise
    except BaseException as error:
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename != script:  # a syntax error has no such frame
            trace = trace.tb_next
        traceback.print_exception(type(error), error, trace)
        note.write_text(words(error))
        sys.exit(1)


def words(error: BaseException) -> str:
    """Return what Glue says of an exception; of a failed call of Spark's, what went wrong without where in Java."""
    java = getattr(error, "java_exception", None)  # py4j's
    if java is None:
        return f"{type(error).__name__}: {error}"
    text = f"{error.errmsg.strip()} {java.toString()}"  # type: ignore[attr-defined]
    return re.split(r"\s+(?:at [\w.$]+\(|Driver stacktrace)", text, maxsplit=1)[0]


if __name__ == "__main__":
    main()

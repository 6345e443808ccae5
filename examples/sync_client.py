"""Watch a client that is not asynchronous, and a stream that somebody else has opened.

Run it as it stands: `python examples/sync_client.py`. It needs no server; `stream` stands for a call such as
`OpenAI().completions.create(..., stream=True)`, which blocks, and is therefore read in a thread.
"""

import time
from collections.abc import Iterator

import midtrace as mt


def stream(prefix: str) -> Iterator[dict[str, object]]:
    """Frames as an OpenAI-compatible server sends them; the model listens when it is corrected."""
    text = "so 17 + 8 is 25.\n" if "25" in prefix else "17 + 8 = 24\nso 17 + 8 is 24.\n"
    for word in text.split(" "):
        time.sleep(0.01)
        yield {"choices": [{"index": 0, "text": word if word.endswith("\n") else f"{word} ", "finish_reason": None}]}


def main() -> None:
    fixes = mt.generate_sync(stream, "Add 17 and 8.\n", monitors=[mt.monitors.arithmetic()], engine="local")
    print(f"--- the call: {fixes.status}, {fixes.ledger.interventions} intervention")
    print(fixes.text, end="")

    looks = mt.monitors.arithmetic(policy=mt.Observe())
    opened = stream("Add 17 and 8.\n")
    outcome = mt.generate_sync(opened, "Add 17 and 8.\n", monitors=[looks], engine="local")
    print(f"--- the open stream: {outcome.status}, {outcome.violations[0].violation.message}")


if __name__ == "__main__":
    main()

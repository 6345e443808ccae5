"""The state of a trace as the model itself tells it: asked from the checkpoint, beside the stream.

Errors in what is read off a trace do more harm than any others: what a correct trace is told to mend, it breaks. So an
answer can be held against a schema, against what the trace mentions, and against a second answer, before anything is
done about it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from midtrace import Extractor, Unparsed, UsageError, View
from midtrace.chunks import first_stop
from midtrace.forks.asking import Asking

from ._mentions import missing

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Fork(Generic[S]):
    """A question to the model, and how its answer is read.

    Args:
        suffix: What is put behind the text of the checkpoint; the model continues it.
        parse: Reads the answer: an extractor, or a function of its text. None from it: the answer says nothing.
        max_tokens: Of the answer.
        stop: Texts at which the answer ends; neither they nor what follows is read.
        temperature: Of the answer; 0 gives the same answer to the same question.
        endpoint: Who is asked, where that is not the source of the run: a name in `Forks(endpoints=...)`, or the
            address of a server, `#model` behind it where that has more than one.
        schema: A type that the state must have: what pydantic takes, such as a model, `dict[str, int]`, or
            `Literal["yes", "no"]`. It is converted to it, strictly; what does not fit is no state.
        mention: Every value in the state must occur in the prompt or the trace, with "trace" in the trace itself:
            small models like to copy from the examples of their prompt. Numbers occur by value, texts by their words;
            the keys of a plain dict are values, the names of fields are not, and a value of a type that nobody can look
            up (bytes, an object of any class, a generator) does not occur. A function gives the values to look for,
            anywhere, where that is not the whole state.
        confirm: So many answers must lead to the same violation before it counts; with 2, a second answer is asked for
            after a violation, and only then.
        steady: A violation that comes back after another one had taken its place does not count.

    An answer that breaks schema or mention makes the check `Unknown`, and so does a violation that is not confirmed.

    Raises `UsageError` for a question that cannot be asked.
    """

    suffix: str
    parse: Extractor[S] | Callable[[str], S | None]
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    endpoint: str | None = field(default=None, repr=False)  # an address may hold a password
    schema: Any = None  # whatever pydantic makes a schema of; the types of types are not one type
    mention: bool | Literal["trace"] | Callable[[S], object] = False
    confirm: int = 1
    steady: bool = True

    def __post_init__(self) -> None:
        _ = self.asks
        if not isinstance(self.mention, bool) and self.mention != "trace" and not callable(self.mention):
            raise UsageError(f"Fork(mention={self.mention!r}): expected True, 'trace' or a function of the state")
        if not isinstance(self.parse, Extractor) and not callable(self.parse):
            raise UsageError("Fork(parse=...): expected an extractor or a function of the answer's text")
        if self.schema is not None:
            try:
                TypeAdapter(self.schema)
            except Exception as error:
                raise UsageError(f"Fork(schema={self.schema!r}): expected a type that pydantic takes") from error

    @property
    def asks(self) -> Asking:
        """What the model is asked."""
        return Asking(
            suffix=self.suffix,
            max_tokens=self.max_tokens,
            stop=self.stop,
            temperature=self.temperature,
            endpoint=self.endpoint,
            confirm=self.confirm,
            steady=self.steady,
        )

    def read(self, answer: str, view: View) -> S:
        """The state that an answer tells, at the checkpoint that ends `view`.

        Raises `Unparsed` for an answer without any state in it, or with one that the guards do not let pass.
        """
        told = answer[: first_stop(answer, self.stop)]
        if isinstance(self.parse, Extractor):
            # What the model tells stands nowhere in the trace: spans are those of the answer, behind its end.
            state = self.parse.extract(View(told, view.end, view.text, view.prompt, final=True))
        else:
            state = self.parse(told)
        if state is None:
            raise Unparsed(f"the answer to a fork says nothing that can be read: {told[:80]!r}")
        if self.schema is not None:
            state = self._fitting(state)
        if self.mention:
            wanted = self.mention(state) if callable(self.mention) else state
            trace = view.before + view.text
            lost = missing(wanted, (trace,) if self.mention == "trace" else (view.prompt, trace))
            if lost:
                raise Unparsed(f"the answer to a fork tells {lost}, which the trace does not mention")
        return state

    def extract(self, view: View, /) -> S:
        """The state that the model told at the checkpoint. Raises `Unparsed` as `read` does."""
        if not view.answers:
            raise Unparsed("nobody was asked here: a fork needs a source that answers it")
        return self.read(view.answers[-1].text, view)

    def _fitting(self, state: S) -> S:
        try:
            fitting: S = TypeAdapter(self.schema).validate_python(state, strict=True)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise Unparsed(
                f"the answer to a fork does not fit {self.schema!r}: {place or 'it'}: {first['msg']}"
            ) from None
        return fitting

"""Generations of llama.cpp in this process: what its slots hold is known piece for piece, and used.

llama.cpp keeps what a slot has evaluated, and evaluates of a prompt only what that does not begin with. So a rollback
is a shorter prompt, and a fork a longer one in the same slot. Text is given as text, tokens that the model chose as
their numbers: read again as text they could be other tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ...chunks import Token
from ...errors import SourceError
from ...records.json import Json
from ..http.logprobs import entropy
from ..llama import Server
from .counts import Counts
from .decoding import Ending, Generation
from .transcripts import Memory, Piece, Transcript, common_length

REPLAYED = 64
"""Tokens that are evaluated again one by one. As a batch they come out a little differently in their last digits, and
a stream would not go on as if it had not been interrupted; more than these are evaluated as a batch all the same."""

NEXT_SEED = 1_000_003
"""Between the seeds of two stretches of a generation: its chances are drawn anew where it goes on."""

Prompt: TypeAlias = list[str | int]


@dataclass(slots=True)
class _Slot:
    """What a slot holds, and whose it is."""

    number: int
    transcript: Transcript = field(default_factory=Transcript)
    length: int = 0
    owner: Generation | None = None
    used: int = 0

    @property
    def text(self) -> str:
        return self.transcript.text[: self.transcript.start(self.length)]


class LlamaDecoder:
    """Decodes in the slots `numbers` of `server`; blocks, and belongs to one thread."""

    def __init__(self, server: Server, numbers: Sequence[int], *, name: str, context: int) -> None:
        self._server = server
        self._slots = [_Slot(number) for number in numbers]
        self._memory = Memory(2 * len(numbers))
        self._name = name
        self._context = context
        self._clock = 0
        self.counts = Counts()
        # A tokeniser that puts a blank before every text it reads must be given a text as a whole.
        self.exact = self._evaluate(self._slots[0].number, [1, "\n"], lambda: False).total == 2

    def begin(self, generation: Generation, /, *, again: bool) -> None:
        """Find what is known of the prefix."""
        generation.begin(self._memory, exact=self.exact, again=again)
        if not generation.fork:
            self._memory.keep(generation.transcript)

    def done(self, generation: Generation, /) -> None:
        """Its slot is free for others, and what it holds for whoever goes on with that."""
        for slot in self._slots:
            if slot.owner is generation:
                slot.owner = None

    def decode(self, generation: Generation, /) -> Ending:
        """Evaluate and generate in the slot that holds most of it."""
        slot = self._choose(generation)
        prompt, cached = self._catch_up(slot, generation)
        if generation.unwanted():
            return "paused"
        try:
            return self._generate(slot, generation, prompt, cached)
        finally:
            self._holds(slot, generation)

    def _choose(self, generation: Generation) -> _Slot:
        """Its own; else the one that holds most of it, of those that nobody decodes in where there is one."""
        self._clock += 1
        text = generation.transcript.text + generation.rest
        held = {slot.number: common_length(text, slot.text) for slot in self._slots}
        mine = [slot for slot in self._slots if slot.owner is generation]
        free = [slot for slot in self._slots if slot.owner is None]
        among = mine or (self._slots if generation.fork else free or self._slots)
        slot = max(among, key=lambda each: (held[each.number], -each.used))
        slot.used = self._clock
        if not generation.fork:
            slot.owner = generation
        return slot

    def _catch_up(self, slot: _Slot, generation: Generation) -> tuple[Prompt, int | None]:
        """Have the slot hold all of the generation; what it is as a prompt, and the tokens that it held before."""
        transcript = generation.transcript
        common = transcript.common(slot.transcript, slot.length)
        missing = transcript.pieces[common:]
        prompt = _prompt(transcript.pieces[:common])
        cached: int | None = None
        singly = sum(len(piece.ids) for piece in missing if piece.generated) <= REPLAYED
        for place, piece in enumerate(missing):
            last = place == len(missing) - 1 and not generation.rest
            parts: list[Prompt] = [[each] for each in piece.ids] or [[piece.text]]
            for part in parts if singly else [_prompt([piece])]:
                prompt += part
                if piece.generated and (last or not singly):
                    continue  # evaluated with what comes after it
                step = self._evaluate(slot.number, prompt, generation.unwanted)
                cached = step.cached if cached is None else cached
        if generation.rest:
            piece = Piece(generation.rest)
            prompt += _prompt([piece])
            step = self._evaluate(slot.number, prompt, generation.unwanted)
            cached = step.cached if cached is None else cached
            if not step.cancelled:
                generation.read(piece)
        self._holds(slot, generation)
        return prompt, cached

    def _holds(self, slot: _Slot, generation: Generation) -> None:
        slot.transcript, slot.length = generation.transcript, len(generation.transcript)

    def _evaluate(self, slot: int, prompt: Prompt, unwanted: Callable[[], bool]) -> _Call:
        call = _Call(self._name, self.counts, go_on=lambda: not unwanted())
        call.run(self._server, {"prompt": [*prompt], "id_slot": slot, "n_predict": 0})
        return call

    def _generate(self, slot: _Slot, generation: Generation, prompt: Prompt, cached: int | None) -> Ending:
        options, before = generation.options, generation.produced
        body: dict[str, Json] = {
            "prompt": [*prompt],
            "id_slot": slot.number,
            "n_predict": options.max_tokens - before,
            "temperature": options.temperature,
            "top_p": options.top_p,
            "seed": (options.seed + NEXT_SEED * generation.stretches) % 2**32,
            "n_probs": max(options.alternatives, 1),  # what tells the numbers of the tokens
        }

        def take(frame: Mapping[str, Json]) -> bool:
            generation.evaluated(call.total, call.cached if cached is None else cached)
            piece, tokens = _piece(frame, alternatives=options.alternatives)
            self.counts.generated += 1
            return generation.take(piece, tokens)

        call = _Call(self._name, self.counts, take=take)
        call.run(self._server, body)
        if call.finish is None:
            return "paused"
        if call.finish != "length":
            return "end"
        generation.produced = before + call.generated
        if generation.produced < options.max_tokens:
            raise SourceError(
                f"{self._name}: the context of {self._context} tokens was full after {generation.produced} generated "
                "tokens: expected a shorter prompt, or a larger context="
            )
        return "length"


class _Call:
    """One call of the server.

    `go_on` is asked while the prompt is evaluated, `take` is called with each frame of text; the call ends where one
    of them gives False.
    """

    def __init__(
        self,
        name: str,
        counts: Counts,
        *,
        go_on: Callable[[], bool] = lambda: True,
        take: Callable[[Mapping[str, Json]], bool] = lambda choice: True,
    ) -> None:
        self._name = name
        self._counts = counts
        self._go_on = go_on
        self._take = take
        self._error: BaseException | None = None
        self.total = self.cached = self.generated = 0
        self.finish: str | None = None
        self.cancelled = False

    def run(self, server: Server, body: Mapping[str, Json]) -> None:
        """Raises `SourceError` for what the server refuses."""
        server.handle_completions(
            {**body, "cache_prompt": True, "stream": True, "return_progress": True}, self._on_frame
        )
        if self._error is not None:
            raise self._error

    def _on_frame(self, frame: Mapping[str, Json]) -> bool:
        """Whether the call is to end; what is raised here would be lost."""
        try:
            self.cancelled = not self._read(frame)
        except BaseException as error:  # noqa: BLE001
            self._error = error
            return True
        return self.cancelled

    def _read(self, frame: Mapping[str, Json]) -> bool:
        if "error" in frame:
            raise SourceError(_refusal(self._name, frame["error"]))
        progress, timings = frame.get("prompt_progress"), frame.get("timings")
        if isinstance(progress, dict):
            if not self.total:
                self.total, self.cached = _count(progress.get("total")), _count(progress.get("cache"))
                self._counts.evaluated += self.total - self.cached
                self._counts.reused += self.cached
            return self._go_on()
        choices = frame.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return True
        finish = choice.get("finish_reason")
        if isinstance(finish, str):
            self.finish = finish
            self.generated = _count(timings.get("predicted_n")) if isinstance(timings, dict) else 0
            return True
        return self._take(choice) if choice.get("text") or choice.get("logprobs") else True


def _prompt(pieces: Sequence[Piece]) -> Prompt:
    prompt: Prompt = []
    for piece in pieces:
        prompt += piece.ids or [piece.text]
    return prompt


def _piece(choice: Mapping[str, Json], *, alternatives: int) -> tuple[Piece, tuple[Token, ...]]:
    """What one frame says. A character that takes several tokens comes with the number of the last of them alone."""
    text = choice.get("text")
    text = text if isinstance(text, str) else ""
    told = choice.get("logprobs")
    content = told.get("content") if isinstance(told, dict) else None
    entry = content[0] if isinstance(content, list) and len(content) == 1 else None
    if not isinstance(entry, dict):
        return Piece(text, generated=True), (Token(text),)
    number, logprob, top = entry.get("id"), entry.get("logprob"), entry.get("top_logprobs")
    likely = [each for each in top if isinstance(each, dict)] if isinstance(top, list) else []
    whole = text.isascii() or any(
        each.get("id") == number and each.get("bytes") == entry.get("bytes") for each in likely
    )
    known = float(logprob) if isinstance(logprob, int | float) else None
    nats = entropy(known, [each.get("logprob") for each in likely]) if alternatives else None
    ids = (number,) if whole and isinstance(number, int) else ()
    return Piece(text, ids, generated=True), (Token(text, known, nats),)


def _count(value: Json) -> int:
    return value if isinstance(value, int) else 0


def _refusal(name: str, error: Json) -> str:
    told = error if isinstance(error, dict) else {}
    if told.get("type") == "exceed_context_size_error":
        return (
            f"{name}: the prompt has {told.get('n_prompt_tokens')} tokens, the context {told.get('n_ctx')}: "
            "expected a shorter prompt, or a larger context="
        )
    return f"{name}: llama.cpp refuses: {str(told.get('message'))[:200]}"

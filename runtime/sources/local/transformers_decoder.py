"""Generations of a model of Hugging Face transformers, token by token, with its cache at hand.

What a model has evaluated of a transcript is kept with it. A rollback and a fork begin with a copy of as much of that
as they share; copying costs a fraction of what one token does.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Protocol, TypeAlias
from weakref import WeakKeyDictionary

from ...chunks import Token
from ...errors import SourceError, UsageError
from .counts import Counts
from .decoding import Ending, Generation
from .detokenising import Detokeniser, Settled
from .transcripts import Memory, Piece, Transcript

BLOCK = 256
"""Tokens of a prompt that are evaluated at a time: between two blocks it can be called off."""

KEPT = 2
"""Transcripts whose caches are kept."""


Tensor: TypeAlias = Any
Cache: TypeAlias = Any
"""Types of libraries that are an extra."""

CACHES = ("cache", "past_key_values", "cache_params")
"""Names that models give their cache, the newest first."""


class Model(Protocol):
    """The part of a causal language model of transformers that is used here."""

    config: Any
    device: Any

    def __call__(self, **arguments: Tensor) -> Tensor:
        """Evaluate tokens."""
        ...


class Tokenizer(Protocol):
    """The part of a tokenizer of transformers that is used here."""

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Text as tokens."""
        ...

    def decode(self, ids: list[int], *, skip_special_tokens: bool, clean_up_tokenization_spaces: bool) -> str:
        """Tokens as text."""
        ...


@dataclass(slots=True)
class _State:
    """What has been evaluated: the first `length` tokens of a transcript."""

    cache: Cache = None
    length: int = 0


@dataclass(slots=True)
class _Writing:
    """What a generation has under way between two stretches."""

    chance: Tensor
    detokeniser: Detokeniser
    tokens: list[Token] = field(default_factory=list)


class TransformersDecoder:
    """Decodes with `model`; blocks, and belongs to one thread."""

    def __init__(self, model: Model, tokenizer: Tokenizer, *, context: int | None) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._torch = import_torch()
        self._memory = Memory(KEPT)
        self._states: WeakKeyDictionary[Transcript, _State] = WeakKeyDictionary()
        self._writing: WeakKeyDictionary[Generation, _Writing] = WeakKeyDictionary()
        self._context = context or _longest(model)
        self._ends = _ends(model, tokenizer)
        takes = inspect.signature(getattr(model, "forward", model.__call__)).parameters
        self._cache_name = next((name for name in CACHES if name in takes), CACHES[1])
        self._few_logits = {"logits_to_keep": 1} if "logits_to_keep" in takes else {}
        self.exact = self._reads_as_it_is()
        self.croppable = self._can_be_cropped()
        self.counts = Counts()

    def begin(self, generation: Generation, /, *, again: bool) -> None:
        """Find what is known of the prefix, and what is evaluated of that."""
        generation.begin(self._memory, exact=self.exact, again=again)
        if not generation.fork:
            self._memory.keep(generation.transcript)

    def done(self, generation: Generation, /) -> None:
        """What is evaluated stays with the transcript, as long as that is remembered."""
        self._writing.pop(generation, None)

    def decode(self, generation: Generation, /) -> Ending:
        """Evaluate what is not evaluated yet, then write token for token."""
        with self._torch.inference_mode():
            ids = self._read(generation)
            state = self._states.get(generation.transcript)
            if state is None:
                state = self._states[generation.transcript] = self._shared(ids)
            generation.evaluated(len(ids), state.length)
            self.counts.reused += state.length
            self.counts.evaluated += len(ids) - state.length
            if not self._catch_up(state, ids, generation.unwanted):
                return "paused"
            return self._write(generation, state, ids)

    def _read(self, generation: Generation) -> list[int]:
        """The tokens of all that there is so far."""
        ids = [each for piece in generation.transcript.pieces for each in piece.ids]
        if generation.rest:
            begins = not ids and not generation.rest.startswith(str(getattr(self._tokenizer, "bos_token", None)))
            new = self._tokenizer.encode(generation.rest, add_special_tokens=begins)
            generation.read(Piece(generation.rest, tuple(new)))
            ids += new
        writing = self._writing.get(generation)
        if writing is not None:
            ids += writing.detokeniser.waiting
        if not ids:
            raise SourceError("the prompt has no tokens: expected text that the tokenizer knows")
        if self._context is not None and len(ids) >= self._context:
            raise SourceError(
                f"the prompt has {len(ids)} tokens, the context {self._context}: expected a shorter prompt, or a model "
                "with a longer context"
            )
        return ids

    def _shared(self, ids: list[int]) -> _State:
        """A copy of as much as any remembered transcript shares; the last token is evaluated anew, for what it says."""
        best, most = _State(), 0
        if not self.croppable:
            return best
        for transcript, state in [*self._states.items()]:
            known = [each for piece in transcript.pieces for each in piece.ids][: state.length]
            shared = min(_common(ids, known), len(ids) - 1)
            if shared > most:
                best, most = state, shared
        if not most:
            return _State()
        return _State(self._copy(best.cache, most), most)

    def _copy(self, cache: Cache, length: int) -> Cache:
        parts = [(layer.keys[..., :length, :], layer.values[..., :length, :]) for layer in cache.layers]
        return importlib.import_module("transformers").DynamicCache(parts)

    def _catch_up(self, state: _State, ids: list[int], unwanted: Callable[[], bool]) -> bool:
        """Evaluate all but the last token; False where it was called off. Always in the same steps, so that the same
        prefix gives the same numbers."""
        while state.length < len(ids) - 1:
            if unwanted():
                return False
            end = min(state.length + BLOCK, len(ids) - 1)
            self._evaluate(state, ids[state.length : end])
        return True

    def _evaluate(self, state: _State, ids: Sequence[int]) -> Tensor:
        """The logits after the last of these tokens."""
        given = self._torch.tensor([list(ids)], device=self._model.device)
        cache = {} if state.cache is None else {self._cache_name: state.cache}
        out = self._model(input_ids=given, use_cache=True, **cache, **self._few_logits)
        state.cache = getattr(out, self._cache_name)
        state.length += len(ids)
        return out.logits[0, -1].float()

    def _write(self, generation: Generation, state: _State, ids: list[int]) -> Ending:
        writing = self._writing.get(generation)
        if writing is None:
            chance = self._torch.Generator(device=self._model.device).manual_seed(generation.options.seed)
            writing = self._writing[generation] = _Writing(chance, Detokeniser(self._decode, ids))
        last, tokens, detokeniser = ids[-1], writing.tokens, writing.detokeniser
        while True:
            so_far = generation.produced + len(tokens)
            if self._context is not None and state.length + 1 > self._context:
                raise SourceError(
                    f"the context of {self._context} tokens was full after {so_far} generated tokens: expected a "
                    "shorter prompt, or a model with a longer context"
                )
            last, token = self._choose(self._evaluate(state, [last]), generation, writing.chance)
            if last in self._ends:
                _take(generation, detokeniser.end(), tokens)
                return "end"
            self.counts.generated += 1
            tokens.append(token)
            go_on = _take(generation, detokeniser.add(last), tokens)
            if so_far + 1 >= generation.options.max_tokens:
                _take(generation, detokeniser.end(), tokens)
                return "length"
            if not go_on or generation.unwanted():
                return "paused"

    def _choose(self, logits: Tensor, generation: Generation, chance: Tensor) -> tuple[int, Token]:
        """The next token, and what the model thought of it; its text is known later."""
        torch, options = self._torch, generation.options
        logprobs = torch.log_softmax(logits, dim=-1)
        if options.temperature > 0:
            shares = torch.softmax(logits / options.temperature, dim=-1)
            if options.top_p < 1:
                ordered, places = shares.sort(descending=True)
                ordered[ordered.cumsum(-1) - ordered >= options.top_p] = 0
                shares = torch.zeros_like(shares).scatter(-1, places, ordered)
            chosen = int(torch.multinomial(shares, 1, generator=chance))
        else:
            chosen = int(logits.argmax())
        entropy = float(-torch.nan_to_num(logprobs.exp() * logprobs).sum())
        return chosen, Token("", float(logprobs[chosen]), entropy)

    def _decode(self, ids: list[int]) -> str:
        return self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)

    # What kind of model and tokenizer it is

    def _reads_as_it_is(self) -> bool:
        """Whether text can follow tokens: some tokenisers put a blank before whatever they read."""
        return self._decode([*self._tokenizer.encode("a", add_special_tokens=False)] * 2) == "aa"

    def _can_be_cropped(self) -> bool:
        """Whether the cache is keys and values of every token: not of the last ones, and not one state of all."""
        cache_utils = importlib.import_module("transformers.cache_utils")
        first = self._tokenizer.encode("a", add_special_tokens=False)[:1]
        state = _State()
        with self._torch.inference_mode():
            self._evaluate(state, first)
        layers = getattr(state.cache, "layers", ())
        return bool(layers) and all(type(layer) is cache_utils.DynamicLayer for layer in layers)


def import_torch() -> ModuleType:
    """The library. Raises `UsageError` without the extra."""
    try:
        importlib.import_module("transformers")
        return importlib.import_module("torch")
    except ImportError:
        raise UsageError("a model of transformers needs torch: pip install 'midtrace[transformers]'") from None


def _take(generation: Generation, settled: Settled | None, tokens: list[Token]) -> bool:
    """Hand on what is settled, if anything is; the text of several tokens is that of the last of them."""
    if settled is None:
        return True
    told = tokens[: len(settled.ids)]
    del tokens[: len(settled.ids)]
    told[-1] = told[-1]._replace(text=settled.text)
    return generation.take(Piece(settled.text, settled.ids, generated=True), tuple(told))


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    for place, (mine, its) in enumerate(zip(one, other, strict=False)):
        if mine != its:
            return place
    return min(len(one), len(other))


def _longest(model: Model) -> int | None:
    config = model.config
    config = config.get_text_config() if hasattr(config, "get_text_config") else config
    longest = getattr(config, "max_position_embeddings", None)
    return longest if isinstance(longest, int) else None


def _ends(model: Model, tokenizer: Tokenizer) -> frozenset[int]:
    """Tokens that end a text, as the model and the tokenizer say."""
    told = [getattr(getattr(model, "generation_config", None), "eos_token_id", None)]
    told.append(getattr(tokenizer, "eos_token_id", None))
    ends: set[int] = set()
    for each in told:
        ends.update(number for number in (each if isinstance(each, list) else [each]) if isinstance(number, int))
    return frozenset(ends)

"""Models of transformers in this process, made here with random weights: `make test-transformers`."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

import anyio.to_thread
import pytest
import pytest_asyncio
import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers import models as tokenizer_models
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
)

import midtrace as mt
from midtrace.chunks import Chunk, Token, Usage
from midtrace.errors import SourceError, UsageError
from midtrace.extractors import Fork
from midtrace.forks.protocol import Answer, Question
from midtrace.sources.local.in_process import GeneratedStream
from midtrace.sources.transformers import TransformersModel
from midtrace.testing import check_source

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROMPT = "The first lines of a long text. "
END = 256


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """One token a byte, so that most characters take several."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {character: number for number, character in enumerate(alphabet)}
    vocabulary["<end>"] = END
    tokenizer = Tokenizer(tokenizer_models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>")


TOKENIZER = byte_tokenizer()
torch.set_num_threads(1)  # these models are too small to share out
SIZES = {"vocab_size": 257, "eos_token_id": END, "bos_token_id": None, "pad_token_id": None}
LLAMA = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
}


def make(kind: str) -> torch.nn.Module:
    torch.manual_seed(3)
    match kind:
        case "llama":
            return LlamaForCausalLM(LlamaConfig(**SIZES, **LLAMA)).eval()
        case "gpt2":
            return GPT2LMHeadModel(GPT2Config(**SIZES, n_embd=32, n_layer=2, n_head=4, n_positions=512)).eval()
        case "sliding window":
            return MistralForCausalLM(MistralConfig(**SIZES, **LLAMA, sliding_window=16)).eval()
        case _:
            return MambaForCausalLM(MambaConfig(**SIZES, hidden_size=32, num_hidden_layers=2)).eval()


@pytest_asyncio.fixture(
    scope="session", loop_scope="session", params=["llama", "gpt2", "sliding window", "state space"]
)
async def source(request: pytest.FixtureRequest) -> AsyncIterator[TransformersModel]:
    async with TransformersModel(make(request.param), TOKENIZER, max_tokens=60, stretch=4) as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def llama() -> AsyncIterator[TransformersModel]:
    async with TransformersModel(make("llama"), TOKENIZER, max_tokens=60, stretch=4) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _options(request: pytest.FixtureRequest) -> None:
    for name in {"source", "llama"} & set(request.fixturenames):
        opened = request.getfixturevalue(name)
        opened.max_tokens, opened.temperature, opened.top_p, opened.seed, opened.stop = 60, 0.0, 1.0, 1, ()


async def read(stream: GeneratedStream) -> tuple[str, list[Token], Usage | None]:
    """Text, tokens and usage; random weights hardly ever end by themselves."""
    text = ""
    tokens: list[Token] = []
    usage: Usage | None = None
    try:
        async for item in stream:
            if isinstance(item, Usage):
                usage = item
            else:
                text += item.text
                tokens += item.tokens
    except SourceError as error:
        assert "max_tokens" in str(error)  # noqa: PT017
    return text, tokens, usage


class Ended:
    """Ends where the model is cut off, as a text of some length would."""

    def __init__(self, model: TransformersModel) -> None:
        self.model = model

    def __call__(self, prefix: str, /) -> AsyncIterator[Chunk | Usage]:
        return self._stream(self.model(prefix))

    async def _stream(self, stream: GeneratedStream) -> AsyncIterator[Chunk | Usage]:
        try:
            async for item in stream:
                yield item
        except SourceError as error:
            if "max_tokens" not in str(error):
                raise
        finally:
            await stream.aclose()


def reference(model: torch.nn.Module, ids: list[int], count: int) -> list[int]:
    """What transformers itself generates, greedily, evaluating everything at each step."""
    ids = list(ids)
    with torch.inference_mode():
        for _ in range(count):
            ids.append(int(model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].argmax()))
    return ids[-count:]


async def test_it_keeps_the_promises_of_a_source(source: TransformersModel) -> None:
    report = await check_source(Ended(source), PROMPT, resumes=False, deadline=30, characters=12)

    assert "closes" in report.kept


async def test_it_resumes_what_it_wrote(llama: TransformersModel) -> None:
    text, _, _ = await read(llama(PROMPT))

    for kept in range(0, len(text), 8):
        rest, _, usage = await read(llama(PROMPT + text[:kept]))
        assert rest.startswith(text[kept:])
        assert usage is not None
        assert usage.prompt - usage.cached <= 12  # bytes of a character that is cut in two are written again


async def test_it_says_what_the_model_says(source: TransformersModel) -> None:
    text, tokens, usage = await read(source(PROMPT))
    ids = TOKENIZER.encode(PROMPT)
    expected = await anyio.to_thread.run_sync(reference, source.model, ids, 60)

    assert text == TOKENIZER.decode(expected)
    assert len(tokens) == 60
    assert usage is not None
    assert (usage.prompt, usage.generated) == (len(ids), 60)


async def test_logprobs_and_entropies_are_those_of_the_logits(llama: TransformersModel) -> None:
    _, tokens, _ = await read(llama(PROMPT))
    ids = TOKENIZER.encode(PROMPT)
    with torch.inference_mode():
        shares = torch.log_softmax(llama.model(input_ids=torch.tensor([ids])).logits[0, -1].float(), -1)

    assert tokens[0].logprob == pytest.approx(float(shares.max()), abs=1e-4)
    assert tokens[0].entropy == pytest.approx(float(-(shares.exp() * shares).sum()), abs=1e-4)
    assert all(token.entropy is not None and 0 < token.entropy <= math.log(257) + 1e-4 for token in tokens)


async def test_a_rollback_evaluates_the_edit_alone(llama: TransformersModel) -> None:
    """And goes on with the tokens that it chose, whatever their text is read as."""
    text, _, _ = await read(llama(PROMPT))
    prompt, edit = TOKENIZER.encode(PROMPT), TOKENIZER.encode("[an edit]")
    ids = await anyio.to_thread.run_sync(reference, llama.model, prompt, 60)
    kept = next(n for n in range(25, 60) if not TOKENIZER.decode(ids[:n]).endswith("\ufffd"))
    before = llama.counts.evaluated
    resumed, _, usage = await read(llama(PROMPT + TOKENIZER.decode(ids[:kept]) + "[an edit]"))
    evaluated = llama.counts.evaluated - before
    expected = await anyio.to_thread.run_sync(reference, llama.model, [*prompt, *ids[:kept], *edit], 60)

    assert text.startswith(TOKENIZER.decode(ids[:kept]))
    assert resumed == TOKENIZER.decode(expected)
    assert usage is not None
    assert usage.prompt == len(prompt) + kept + len(edit)
    assert usage.prompt - usage.cached <= len(edit) + 1
    assert evaluated <= len(edit) + 1


async def test_forks_change_nothing_at_any_temperature(source: TransformersModel) -> None:
    for temperature in (0.0, 1.0):
        source.temperature = temperature
        alone, _, _ = await read(source(PROMPT))
        stream, parts, answers = source(PROMPT), [PROMPT], list[Answer]()
        async with source.asker() as asker:
            with pytest.raises(SourceError, match="max_tokens"):
                async for item in stream:
                    if isinstance(item, Chunk):
                        parts.append(item.text)
                        if len(parts) % 6 == 0:
                            answers.append(await asker.ask(Question("".join(parts[:-2]) + "?", 5, logprobs=True)))

        assert "".join(parts[1:]) == alone
        assert answers
        for answer in answers:
            assert answer.usage is not None
            assert answer.usage.generated == 5
            assert answer.confidence is not None
            if source.abilities.shared:
                assert answer.usage.prompt - answer.usage.cached <= 12
            else:
                assert answer.usage.cached == 0


async def test_what_a_cache_can_do_is_known(source: TransformersModel) -> None:
    kind = type(source.model).__name__
    assert source.abilities.fork
    assert source.abilities.shared is (kind in {"LlamaForCausalLM", "GPT2LMHeadModel"})


async def test_the_same_seed_draws_the_same(llama: TransformersModel) -> None:
    llama.temperature = 0.9
    first, _, _ = await read(llama(PROMPT))
    assert (await read(llama(PROMPT)))[0] == first
    assert (await read(llama.resample(PROMPT, 1)))[0] != first
    llama.seed = 2
    assert (await read(llama(PROMPT)))[0] != first
    llama.top_p = 1e-9  # only the most probable token is left
    narrow, _, _ = await read(llama(PROMPT))
    llama.temperature = 0.0
    assert (await read(llama(PROMPT)))[0] == narrow


async def test_stop_texts_and_the_models_own_end(llama: TransformersModel) -> None:
    text, _, _ = await read(llama(PROMPT))
    stop = text[20:22]
    llama.stop = [stop]
    chunks = [item async for item in llama(PROMPT) if isinstance(item, Chunk)]
    assert "".join(chunk.text for chunk in chunks) == text[: text.find(stop)]

    ids = await anyio.to_thread.run_sync(reference, llama.model, TOKENIZER.encode(PROMPT), 60)
    ending = make("llama")
    ending.generation_config.eos_token_id = [ids[30], END]
    async with TransformersModel(ending, TOKENIZER, max_tokens=60) as other:
        ended = "".join([item.text async for item in other(PROMPT) if isinstance(item, Chunk)])
    assert ended == TOKENIZER.decode(ids[: ids.index(ids[30])])


async def test_a_run_with_forks_and_a_rollback(llama: TransformersModel, local: mt.Runtime) -> None:
    source = Ended(llama)
    bare, _, _ = await read(llama(PROMPT))
    asked = mt.Monitor(
        "asked",
        on=mt.every(characters=10),
        extract=Fork("?", parse=lambda text: text, max_tokens=4),
        verify=lambda state: None,
        policy=mt.Observe(),
    )
    untouched = await local.generate(source, PROMPT, monitors=[asked], forks=mt.Forks(source=llama))
    assert untouched.text == bare
    assert any(fork.outcome == "answered" for fork in untouched.ledger.forks)

    unwanted = bare[12]
    monitor = mt.Monitor(
        "unwanted",
        on=mt.every(characters=5),
        verify=lambda text: mt.Violation("unwanted", correction="!") if unwanted in text else None,
        policy=mt.Rollback(repair="correct"),
    )
    mended = await local.generate(source, PROMPT, monitors=[monitor], limits=mt.Limits(rollbacks=2))
    assert mended.ledger.interventions >= 1
    assert mended.ledger.cached_tokens > len(PROMPT)


async def test_bad_input_is_told_in_one_line(llama: TransformersModel) -> None:
    with pytest.raises(SourceError, match="the prompt has 600 tokens, the context 512: expected a shorter prompt"):
        await anext(llama("x" * 600))
    with pytest.raises(SourceError, match="the prompt is empty"):
        await anext(llama(""))
    with pytest.raises(UsageError, match="forks='parallel'"):
        TransformersModel(llama.model, TOKENIZER, forks="parallel")  # type: ignore[arg-type]
    with pytest.raises(SourceError, match="context of 512 tokens was full after"):
        async for _ in llama("x" * 500):
            pass
